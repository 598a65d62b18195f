using MailBench.Model.Records;
using MailBench.Runs.Testbed;

namespace MailBench.Runs.Probes;

/// <summary>What a system says at its door: capabilities, replies and their codes, and what it takes for the end of a content.</summary>
internal sealed class DoorProbes(ISystemUnderTest sut, FeatureClaims claims, string sender, string recipient)
{
    private const string Dialogue = "dialogue", Content = "content";
    private static readonly TimeSpan Silence = TimeSpan.FromMilliseconds(700);

    public async Task<IReadOnlyList<ProbeFinding>> RunAsync(CancellationToken cancellationToken)
    {
        var findings = new List<ProbeFinding>();
        var capabilities = await CapabilitiesAsync(findings, cancellationToken);
        await RepliesAsync(findings, capabilities, cancellationToken);
        foreach (var (name, ending) in new[] { ("LF . LF", "\n.\n"), ("LF . CRLF", "\n.\r\n"), ("CRLF . LF", "\r\n.\n") }) findings.Add(await SmugglingAsync(name, ending, cancellationToken));
        return findings;
    }

    private async Task<IReadOnlyDictionary<string, string>> CapabilitiesAsync(List<ProbeFinding> findings, CancellationToken cancellationToken)
    {
        var (dialogue, greeting) = await DoorDialogue.OpenAsync(sut.Door, cancellationToken);
        using var _ = dialogue;
        findings.Add(Standard(Dialogue, "greeting", "220", "RFC 5321 §4.3.2", greeting.Text, greeting.Code == 220));
        var ehlo = await dialogue.SayAsync("EHLO probe.invalid", cancellationToken);
        var keywords = ehlo.Lines.Skip(1).Select(line => line.Split(' ', 2)).DistinctBy(words => words[0].ToUpperInvariant()).ToDictionary(words => words[0].ToUpperInvariant(), words => words.ElementAtOrDefault(1) ?? "");
        findings.Add(new ProbeFinding(Dialogue, "EHLO offers", null, null, string.Join(", ", keywords.Select(pair => $"{pair.Key} {pair.Value}".Trim())), ProbeFinding.Seen));
        findings.Add(Standard(Dialogue, "PIPELINING is offered", "offered", "RFC 2920", Offered("PIPELINING"), keywords.ContainsKey("PIPELINING")));
        findings.Add(Standard(Dialogue, "8BITMIME is offered", "offered", "RFC 6152", Offered("8BITMIME"), keywords.ContainsKey("8BITMIME")));
        findings.Add(claims.Against("chunking", "is CHUNKING taken (EHLO)?", Offered("CHUNKING"), declared => declared is not ("none" or "not offered") == keywords.ContainsKey("CHUNKING")));
        findings.Add(claims.Against("tls", "is STARTTLS offered?", Offered("STARTTLS"), declared => declared == "none" != keywords.ContainsKey("STARTTLS")));
        findings.Add(claims.Against("auth", "is AUTH offered?", Offered("AUTH"), declared => declared == "none" != keywords.ContainsKey("AUTH")));
        findings.Add(new ProbeFinding(Dialogue, "SMTPUTF8 (RFC 6531) and DSN (RFC 3461)", null, null, $"SMTPUTF8 {Offered("SMTPUTF8")}, DSN {Offered("DSN")}", ProbeFinding.Seen));
        if (keywords.ContainsKey("PIPELINING")) findings.Add(await PipelinedAsync(dialogue, cancellationToken));
        if (keywords.TryGetValue("SIZE", out var size) && long.TryParse(size, out var limit) && limit > 0)
        {
            var large = await dialogue.SayAsync($"MAIL FROM:<{sender}> SIZE={limit + 1}", cancellationToken);
            findings.Add(Standard(Dialogue, "MAIL with SIZE above what is offered", "552, or 452", "RFC 1870 §6.1", large.Text, large.Code is 552 or 452));
        }

        return keywords;

        string Offered(string keyword) => keywords.ContainsKey(keyword) ? "offered" : "not offered";
    }

    private async Task<ProbeFinding> PipelinedAsync(DoorDialogue dialogue, CancellationToken cancellationToken)
    {
        await dialogue.WriteAsync($"MAIL FROM:<{sender}>\r\nRCPT TO:<{recipient}>\r\nRSET\r\n", cancellationToken);
        var replies = new List<int>();
        for (var i = 0; i < 3; i++) replies.Add((await dialogue.ReplyAsync(cancellationToken)).Code);
        return Standard(Dialogue, "MAIL, RCPT, RSET in one group", "250, 250, 250", "RFC 2920 §3.2", string.Join(", ", replies), replies.All(code => code == 250));
    }

    private async Task RepliesAsync(List<ProbeFinding> findings, IReadOnlyDictionary<string, string> capabilities, CancellationToken cancellationToken)
    {
        (string Command, string What, int[] Codes, string Basis)[] cases =
        [
            ("FROB", "an unknown command", [500, 502], "RFC 5321 §4.2.4"),
            ($"RCPT TO:<{recipient}>", "RCPT before MAIL", [503], "RFC 5321 §4.1.4"),
            ("DATA", "DATA before MAIL", [503, 554], "RFC 5321 §4.1.4"),
            ("MAIL FROM:nonsense@@", "a malformed MAIL", [501, 553, 555], "RFC 5321 §4.2.2"),
            ($"MAIL FROM:<{sender}> FROB=1", "MAIL with an unknown parameter", [555, 501], "RFC 5321 §4.1.1.11"),
            ($"VRFY <{recipient}>", "VRFY", [252, 250, 502, 550, 553], "RFC 5321 §3.5.3"),
            ("NOOP", "NOOP", [250], "RFC 5321 §4.1.1.9"),
        ];
        var bare = new List<string>();
        foreach (var (command, what, codes, basis) in cases)
        {
            // Each in a session of its own: after a few faults in one some systems hang up, as they may.
            var (dialogue, _) = await DoorDialogue.OpenAsync(sut.Door, cancellationToken);
            using var closing = dialogue;
            await dialogue.SayAsync("EHLO probe.invalid", cancellationToken);
            var reply = await dialogue.SayAsync(command, cancellationToken);
            findings.Add(Standard(Dialogue, what, string.Join(" or ", codes), basis, reply.Text, codes.Contains(reply.Code)));
            if (reply.Enhanced is null || reply.Enhanced[0] != (char)('0' + reply.Code / 100)) bare.Add($"{what}: {reply.Text}");
        }

        if (capabilities.ContainsKey("ENHANCEDSTATUSCODES"))
            findings.Add(Standard(Dialogue, "an enhanced code on each of these replies, of the same class", "on all", "RFC 2034 §4", bare.Count == 0 ? "on all" : $"missing on {bare.Count}: {bare[0]}", bare.Count == 0));
    }

    /// <summary>Whether an ending that is none by the standard ends the content: then what follows would be taken as commands (SMTP smuggling).</summary>
    private async Task<ProbeFinding> SmugglingAsync(string name, string ending, CancellationToken cancellationToken)
    {
        var (dialogue, _) = await DoorDialogue.OpenAsync(sut.Door, cancellationToken);
        using var closing = dialogue;
        string observed;
        var safe = true;
        try
        {
            foreach (var command in new[] { "EHLO probe.invalid", $"MAIL FROM:<{sender}>", $"RCPT TO:<{recipient}>", "DATA" }) await dialogue.SayAsync(command, cancellationToken);
            await dialogue.WriteAsync($"Subject: ending\r\n\r\nbefore{ending}", cancellationToken);
            if (await dialogue.ReplyWithinAsync(Silence, cancellationToken) is { } early)
            {
                safe = !early.IsPositive;
                observed = safe ? $"refused: {early.Text}" : $"it ended the content: {early.Text}";
            }
            else
            {
                // Nothing yet: the true ending shows whether the octets were content or a fault.
                await dialogue.WriteAsync("after\r\n.\r\n", cancellationToken);
                var reply = await dialogue.ReplyAsync(cancellationToken);
                observed = reply.IsPositive ? "taken as content" : $"refused: {reply.Text}";
            }
        }
        catch (IOException closed)
        {
            observed = $"refused: {closed.Message}";
        }

        return Standard(Content, $"{name} within a content", "not its end", "RFC 5321 §4.1.1.4", observed, safe);
    }

    internal static ProbeFinding Standard(string group, string question, string expected, string basis, string observed, bool holds) =>
        new(group, question, expected, basis, observed, holds ? ProbeFinding.Agrees : ProbeFinding.Differs);
}
