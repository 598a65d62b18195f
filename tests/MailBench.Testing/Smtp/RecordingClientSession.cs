using System.Buffers;
using MailBench.Wire.Smtp;

namespace MailBench.Testing.Smtp;

/// <summary>An envelope of plain text.</summary>
public sealed record TextEnvelope(string From, params string[] To) : IClientEnvelope
{
    private readonly byte[] _from = Octets.Read(From);
    private readonly byte[][] _to = [.. To.Select(Octets.Read)];

    public ReadOnlySpan<byte> ReversePath => _from;
    public int RecipientCount => _to.Length;
    public long SizeBytes { get; init; } = -1;
    public BodyKind Body { get; init; }

    public ReadOnlySpan<byte> Recipient(int index) => _to[index];
}

/// <summary>An owner of a client machine that writes down its calls and, each time the session is ready, takes its next step; an envelope that may go ahead does.</summary>
public sealed class RecordingClientSession(SmtpClientMachine machine, IBufferWriter<byte> output) : ISmtpClientSession
{
    /// <summary>What to do when ready: an envelope begins a transaction, null says QUIT. When there is nothing left, the session idles.</summary>
    public Queue<IClientEnvelope?> Steps { get; } = new();

    /// <summary>Contents for the transactions that want one.</summary>
    public Queue<byte[]> Contents { get; } = new();
    public List<string> Calls { get; } = [];
    public SmtpCapabilities? Capabilities { get; private set; }

    public void OnPhase(ClientPhase phase, SmtpReply last) => Calls.Add($"phase {phase} {last.Code}");

    public void OnReady(SmtpCapabilities capabilities)
    {
        Capabilities = capabilities;
        Calls.Add("ready");
        Step();
    }

    public void OnMailReply(SmtpReply reply) => Calls.Add($"mail {reply}");

    public void OnRecipientReply(int index, SmtpReply reply) => Calls.Add($"rcpt {index} {reply}");

    public void OnContentWanted()
    {
        Calls.Add("content");
        var content = Contents.Dequeue();
        if (machine.IsChunked)
        {
            machine.BeginChunk(content.Length, output);
            output.Write(content);
        }
        else
        {
            var stuffer = default(ContentStuffer);
            stuffer.Write(content, output);
            stuffer.Finish(output);
        }

        machine.ContentSent();
        if (!machine.CanBegin || !Steps.TryPeek(out var next) || next is null) return;
        Calls.Add("ahead");
        machine.Begin(Steps.Dequeue()!, output);
    }

    public void OnTransactionEnded(SmtpReply reply, bool contentSent)
    {
        Calls.Add($"ended {(contentSent ? "sent" : "unsent")} {reply}");
        if (machine.IsReady) Step();
    }

    public void OnSessionRefused(SmtpReply reply) => Calls.Add($"refused {reply}");

    private void Step()
    {
        if (!Steps.TryDequeue(out var next)) return;
        if (next is null) machine.Quit(output);
        else machine.Begin(next, output);
    }
}
