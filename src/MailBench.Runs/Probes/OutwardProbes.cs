using System.Globalization;
using MailBench.Model.Records;
using MailBench.Runs.Testbed;

namespace MailBench.Runs.Probes;

/// <summary>How a system delivers, as mail hosts and resolver see it: batching, sessions, extensions used, questions asked.</summary>
internal sealed class OutwardProbes(ISystemUnderTest sut, ProbeBed bed, FeatureClaims claims)
{
    private const int Burst = 30, BurstSessions = 3;
    private const string Content = "content";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>An octet above 127 is 0xE9, in ISO-8859-1 "é".</summary>
    private const string EightBitText = "caf\u00e9";

    public async Task<IReadOnlyList<ProbeFinding>> RunAsync(CancellationToken cancellationToken)
    {
        var findings = new List<ProbeFinding>();
        findings.Add(await StrategyAsync(cancellationToken));
        findings.Add(await RecipientLimitAsync(cancellationToken));
        findings.AddRange(await BurstAsync(cancellationToken));
        findings.AddRange(await EightBitAsync(cancellationToken));
        return findings;
    }

    /// <summary>Two messages to a domain that nothing was sent to before: what is asked for the first, and what for the second.</summary>
    public async Task<IReadOnlyList<ProbeFinding>> AskResolverAsync(CancellationToken cancellationToken)
    {
        var before = await bed.QueriesAsync(cancellationToken);
        if (!await DeliveredAsync(["first@f"], "resolver", "", cancellationToken)) return [claims.NotShown("routing", "what is asked of the resolver?", "the message did not arrive")];
        var after = await bed.QueriesAsync(cancellationToken);
        var (mx, a, aaaa) = (after.Mx - before.Mx, after.A - before.A, after.Aaaa - before.Aaaa);
        var asked = string.Create(CultureInfo.InvariantCulture, $"{mx} MX, {a} A, {aaaa} AAAA");
        var additional = new ProbeFinding(FeatureClaims.Group, "additional section: is the address in an MX answer used?", null, null, a == 0 && mx > 0 ? $"used: {asked} asked" : $"not used: {asked} asked", ProbeFinding.Seen);
        if (!await DeliveredAsync(["second@f"], "resolver again", "", cancellationToken)) return [additional];
        var again = await bed.QueriesAsync(cancellationToken);
        var more = again.Mx + again.A + again.Aaaa - after.Mx - after.A - after.Aaaa;
        return [additional, claims.Against("cachingResolver", "does a second message to the domain ask again?", more == 0 ? "nothing is asked" : string.Create(CultureInfo.InvariantCulture, $"{more} queries"), declared => declared == "none" == more > 0)];
    }

    /// <summary>One message for four recipients whose domains share more and less.</summary>
    private async Task<ProbeFinding> StrategyAsync(CancellationToken cancellationToken)
    {
        const string question = "which recipients of a message share a transaction?";
        if (!await DeliveredAsync(["one@a", "two@a", "set@b", "host@c"], "strategy", "", cancellationToken)) return claims.NotShown("strategy", question, "not all recipients got it");
        var groups = Of("strategy").Select(transaction => (IReadOnlyList<string>)[.. transaction.Recipients.Select(Local).Order(StringComparer.Ordinal)]).OrderBy(group => group[0], StringComparer.Ordinal).ToList();
        var seen = FeatureClaims.StrategyOf(groups);
        return claims.Against("strategy", question, $"{seen}: {string.Join(" | ", groups.Select(group => string.Join(' ', group)))}", declared => declared == seen);
    }

    private async Task<ProbeFinding> RecipientLimitAsync(CancellationToken cancellationToken)
    {
        const string question = "most recipients in a transaction, of a message that has more";
        const int reasonable = 300, many = 110;
        if (claims.Of("recipientsPerTransaction") is not { } text) return claims.NotShown("recipientsPerTransaction", question, "nothing is declared");
        // "all of a message" has no number; that many are not split, then.
        var all = text.StartsWith("all", StringComparison.Ordinal);
        if (!all && FeatureClaims.FirstNumber(text) is not (> 0 and <= reasonable)) return claims.NotShown("recipientsPerTransaction", question, $"no number up to {reasonable} is declared");
        var declared = all ? many : FeatureClaims.FirstNumber(text)!.Value;
        string[] recipients = [.. Enumerable.Range(0, all ? many : declared + 10).Select(i => $"many{i}@a")];
        if (!await DeliveredAsync(recipients, "many", "", cancellationToken)) return claims.NotShown("recipientsPerTransaction", question, $"not all of {recipients.Length} recipients got it; a system may take fewer at its door");
        var most = Of("many").Max(transaction => transaction.Recipients.Count);
        return claims.Against("recipientsPerTransaction", question, claims.Of("strategy") == "per-recipient" ? $"{most} (per recipient)" : $"{most} of {recipients.Length}", _ => most <= declared && (most == declared || claims.Of("strategy") == "per-recipient"));
    }

    /// <summary>Many messages to one host at once, by several sessions: what the host sees of sessions, groups and chunks.</summary>
    private async Task<IReadOnlyList<ProbeFinding>> BurstAsync(CancellationToken cancellationToken)
    {
        await Task.WhenAll(Enumerable.Range(0, BurstSessions).Select(async session =>
        {
            var (dialogue, _) = await DoorDialogue.OpenAsync(sut.Door, cancellationToken);
            using var closing = dialogue;
            await dialogue.SayAsync("EHLO probe.invalid", cancellationToken);
            for (var i = session; i < Burst; i += BurstSessions) await dialogue.SendAsync(bed.Sender, [$"burst{i}@d.{bed.Suffix}"], Message("burst"), "", cancellationToken);
        }));
        if (!await bed.UntilAsync(() => Of("burst").Count >= Burst, Patience, cancellationToken)) return [claims.NotShown("reuse", $"{Burst} messages to one host", $"{Of("burst").Count} arrived within {Patience.TotalSeconds:0} s")];
        var transactions = Of("burst");
        var sessions = transactions.Select(transaction => transaction.Session).Distinct().Count();
        var most = bed.Peer.SessionsOf(ProbeBed.HostAddress(2)).Most;
        var (pipelined, overlapped, chunked) = (transactions.Count(t => t.Pipelined), transactions.Count(t => t.Overlapped), transactions.Count(t => t.Chunked));
        return
        [
            claims.Against("reuse", $"sessions for {Burst} messages to one host at once", $"{sessions}", declared => FeatureClaims.ReuseFits(declared, sessions, transactions.Count)),
            claims.Against("concurrency", "most sessions to one host at once", $"{most}", declared => FeatureClaims.MostPerHost(declared) is not { } bound || most <= bound),
            claims.Against("pipelining", "commands that do not wait for replies", $"in {pipelined} of {transactions.Count} transactions", declared => declared == "on" == pipelined > 0),
            claims.Against("overlap", "MAIL that does not wait for the reply to the content before", $"in {overlapped} of {transactions.Count} transactions", declared => declared == "on" == overlapped > 0),
            claims.Against("chunking", "content by BDAT where it is offered", $"in {chunked} of {transactions.Count} transactions", declared => declared == "on" == chunked > 0),
        ];
    }

    private async Task<IReadOnlyList<ProbeFinding>> EightBitAsync(CancellationToken cancellationToken)
    {
        const string headers = "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: 8bit\r\n";
        const string question = "8-bit content for a host without 8BITMIME";
        var findings = new List<ProbeFinding>();
        if (await DeliveredAsync(["eight@a"], "eight", " BODY=8BITMIME", cancellationToken, headers, EightBitText))
        {
            var kept = Of("eight")[0].Content;
            findings.Add(DoorProbes.Standard(Content, "8-bit content for a host with 8BITMIME", "kept octet for octet", "RFC 6152 §3", kept.Contains(EightBitText, StringComparison.Ordinal) ? "kept" : "changed", kept.Contains(EightBitText, StringComparison.Ordinal)));
            findings.Add(DoorProbes.Standard(Content, "a Received header is prepended", "Received:", "RFC 5321 §4.4", kept[..Math.Min(kept.Length, 40)].ReplaceLineEndings(" ").Trim(), kept.StartsWith("Received:", StringComparison.OrdinalIgnoreCase)));
        }

        var arrived = await DeliveredAsync(["seven@e"], "seven", " BODY=8BITMIME", cancellationToken, headers, EightBitText, TimeSpan.FromSeconds(6));
        var failed = !arrived && bed.Peer.Transactions.Any(t => t.Host == ProbeBed.ReturnAddress && t.Content.Contains("seven@e", StringComparison.Ordinal));
        var seen = arrived ? Of("seven")[0].Content.Contains(EightBitText, StringComparison.Ordinal) ? FeatureClaims.Passed : FeatureClaims.Converted : failed ? FeatureClaims.Failed : null;
        findings.Add(seen is null ? claims.NotShown("contentConversion", question, "it neither arrived nor came back within 6 s") : claims.Against("contentConversion", question, seen, declared => FeatureClaims.ConversionOf(declared) == seen));
        return findings;
    }

    /// <summary>Sends one message and waits until every recipient has it. The subject tells messages apart.</summary>
    private async Task<bool> DeliveredAsync(string[] recipients, string subject, string parameters, CancellationToken cancellationToken, string headers = "", string text = "probe", TimeSpan? patience = null)
    {
        var (dialogue, _) = await DoorDialogue.OpenAsync(sut.Door, cancellationToken);
        using var closing = dialogue;
        await dialogue.SayAsync("EHLO probe.invalid", cancellationToken);
        var reply = await dialogue.SendAsync(bed.Sender, recipients.Select(recipient => $"{recipient}.{bed.Suffix}"), Message(subject, headers, text), parameters, cancellationToken);
        return reply.IsPositive && await bed.UntilAsync(() => Of(subject).Sum(transaction => transaction.Recipients.Count) >= recipients.Length, patience ?? Patience, cancellationToken);
    }

    private string Message(string subject, string headers = "", string text = "probe") => $"From: {bed.Sender}\r\nSubject: {subject}\r\nDate: Tue, 1 Jan 2030 00:00:00 +0000\r\nMessage-ID: <{Guid.NewGuid():n}@source.{bed.Suffix}>\r\n{headers}\r\n{text}";

    private List<PeerTransaction> Of(string subject) => [.. bed.Peer.Transactions.Where(t => t.Host != ProbeBed.ReturnAddress && t.Recipients.Count > 0 && t.Content.Contains($"Subject: {subject}\r\n", StringComparison.Ordinal))];

    private static string Local(string address) => address.Split('@')[0];
}
