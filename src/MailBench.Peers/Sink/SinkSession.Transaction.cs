using System.Text;
using MailBench.Model.Events;
using MailBench.Model.Options;
using MailBench.Model.Units;
using MailBench.Wire.Smtp;

namespace MailBench.Peers.Sink;

/// <summary>The transaction: what of it goes into the books, the archive or the DSN reader. Buffers are kept from one transaction to the next.</summary>
internal sealed partial class SinkSession : ISmtpServerSession
{
    /// <summary>What is kept of a DSN: its status part stands before the returned message, which may be of any size (RFC 3462).</summary>
    private const int MaxDsnBytes = 4 << 20;

    private byte[] _reversePath = [];
    private int _reversePathLength;
    private TrialId? _trial;
    private long _sequence = -1;
    private int[] _indexes = new int[4];
    private int _recipients;
    private List<string>? _addresses;
    private MemoryStream? _dsn;
    private MessageArchive.Draft? _draft;
    private bool _unsaved;
    private long _octets;

    /// <summary>The ID is of the trial that still runs: a transaction that outlives its trial is nobody's.</summary>
    private bool IsOfTrial => _sequence >= 0 && ReferenceEquals(_trial, floor.Books.Trial);

    private ReadOnlySpan<byte> ReversePath => _reversePath.AsSpan(0, _reversePathLength);

    public SmtpReply? OnHelo(ReadOnlySpan<byte> name, bool extended) => Refuse(RefusalPhase.Helo, name);

    public SmtpReply? OnMail(in MailCommand mail)
    {
        if (Refuse(RefusalPhase.Mail, mail.Path) is { } refusal) return refusal;
        if (!isReturn) floor.Tally.AddTransaction();
        if (_reversePath.Length < mail.Path.Length) _reversePath = new byte[Math.Max(mail.Path.Length, 128)];
        mail.Path.CopyTo(_reversePath);
        _reversePathLength = mail.Path.Length;
        _trial = floor.Books.Trial;
        _sequence = isReturn ? -1 : floor.Books.SequenceOf(mail.Path);
        _recipients = 0;
        _addresses?.Clear();
        return null;
    }

    public SmtpReply? OnRcpt(in RcptCommand rcpt)
    {
        if (Refuse(RefusalPhase.Rcpt, rcpt.Path) is { } refusal) return refusal;
        if (_recipients == _indexes.Length) Array.Resize(ref _indexes, _indexes.Length * 2);
        _indexes[_recipients++] = RecipientAddress.TryParseIndex(rcpt.Path, out var index) ? index : -1;
        if (floor.Archive is not null) (_addresses ??= []).Add(Encoding.UTF8.GetString(rcpt.Path));

        // The forward-path of a DSN is the reverse-path of the message that it is about.
        if (isReturn && _sequence < 0) _sequence = floor.Books.SequenceOf(rcpt.Path);
        return null;
    }

    public SmtpReply? OnData()
    {
        if (Refuse(RefusalPhase.Data, ReversePath) is { } refusal) return refusal;
        _octets = 0;
        _unsaved = false;
        if (isReturn) (_dsn ??= new MemoryStream()).SetLength(0);
        if (floor.Archive is not null) BeginDraft(floor.Archive);
        return _unsaved ? SinkReplies.NotSaved : null;
    }

    public void OnContent(ReadOnlySpan<byte> octets)
    {
        _octets += octets.Length;
        if (!isReturn) floor.Tally.AddUnderWay(octets.Length);
        if (_dsn is not null) _dsn.Write(octets[..(int)Math.Min(octets.Length, MaxDsnBytes - _dsn.Length)]);
        if (_draft is null || _unsaved) return;
        try
        {
            _draft.Write(octets);
        }
        catch (IOException failed)
        {
            ReportUnsaved(failed);
        }
    }

    public SmtpReply? OnEndOfData()
    {
        if (Refuse(RefusalPhase.End, ReversePath) is { } refusal)
        {
            DropTransaction();
            return refusal;
        }

        if (_draft is not null && !_unsaved) KeepDraft(_draft);
        if (_unsaved)
        {
            DropTransaction();
            return SinkReplies.NotSaved;
        }

        _draft = null;
        if (isReturn) TakeDsn();
        else TakeMessage();
        return SinkReplies.Taken;
    }

    public void OnReset() => DropTransaction();

    public void OnQuit() { }

    /// <summary>The stamp is taken here: the 250 is written as soon as this returns.</summary>
    private void TakeMessage()
    {
        floor.Tally.AddMessage(_recipients, _octets);
        EndContent();
        if (IsOfTrial) floor.Books.Book(_sequence, _indexes.AsSpan(0, _recipients), MonotonicClock.NowNs);
    }

    private void TakeDsn()
    {
        floor.Tally.AddDsn();
        if (!IsOfTrial) return;
        var stampNs = MonotonicClock.NowNs;
        foreach (var failed in DsnReader.ReadFailed(_dsn!.GetBuffer().AsSpan(0, (int)_dsn.Length))) floor.Books.Return(_sequence, failed, stampNs);
    }

    private SmtpReply? Refuse(RefusalPhase phase, ReadOnlySpan<byte> argument) => isReturn ? null : Counted(floor.Refusals.Decide(phase, argument));

    private void DropTransaction()
    {
        EndContent();
        _draft?.Dispose();
        _draft = null;
        _sequence = -1;
        _recipients = 0;
    }

    /// <summary>What came of the content is under way no more.</summary>
    private void EndContent()
    {
        if (!isReturn) floor.Tally.AddUnderWay(-_octets);
        _octets = 0;
    }

    private void BeginDraft(MessageArchive archive)
    {
        try
        {
            _draft = archive.Begin();
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            ReportUnsaved(failed);
        }
    }

    private void KeepDraft(MessageArchive.Draft draft)
    {
        try
        {
            draft.Keep(Encoding.UTF8.GetString(ReversePath), _addresses ?? []);
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            ReportUnsaved(failed);
        }
    }

    private void ReportUnsaved(Exception failed)
    {
        _unsaved = true;
        floor.Complain($"a message could not be saved: {failed.Message}");
    }
}
