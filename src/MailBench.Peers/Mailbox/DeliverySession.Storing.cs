using MailBench.Peers.Mailbox.Store;
using MailBench.Wire.Smtp;

namespace MailBench.Peers.Mailbox;

/// <summary>
/// A message is written into the maildir of each recipient. Over LMTP every recipient has a fate of its own; over SMTP there is one reply for all, so all copies are written and synced
/// before the first appears: a full disk or mailbox refuses the whole message and leaves nothing of it.
/// </summary>
internal sealed partial class DeliverySession
{
    private const int NoSpace = 28, DiskQuotaExceeded = 122;

    private readonly List<Copy> _copies = [];

    private void StoreMessage()
    {
        _copies.Clear();
        foreach (var user in _recipients)
            if (!_copies.Exists(copy => copy.User == user)) _copies.Add(new Copy(user, Floor.Store.Of(user)));
        _atDisk = true;
        Floor.Disk.Run(static session => ((DeliverySession)session).WriteCopies(), static session => ((DeliverySession)session!).Stored(), this);
    }

    /// <summary>On a disk thread.</summary>
    private void WriteCopies()
    {
        if (lmtp)
        {
            foreach (var copy in _copies)
            {
                Try(copy, prepare: true);
                if (copy.Fate is null) Try(copy, prepare: false);
            }

            return;
        }

        foreach (var copy in _copies)
        {
            Try(copy, prepare: true);
            if (copy.Fate is null) continue;
            foreach (var written in _copies.Where(static written => written.Name is not null)) written.Maildir.Discard(written.Name!);
            return;
        }

        foreach (var copy in _copies) Try(copy, prepare: false);
    }

    /// <summary>Sets the fate when the disk says no.</summary>
    private void Try(Copy copy, bool prepare)
    {
        try
        {
            if (prepare) copy.Name = copy.Maildir.Prepare(_content);
            else copy.Maildir.Appear(copy.Name!);
        }
        catch (QuotaException)
        {
            copy.Fate = DeliveryReplies.MailboxFull;
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            copy.Fate = failed.HResult is NoSpace or DiskQuotaExceeded ? DeliveryReplies.NoSpace : DeliveryReplies.NotStored;
            if (!prepare) copy.Maildir.Discard(copy.Name!);
            Floor.Complain($"a message could not be stored: {failed.Message}");
        }
    }

    /// <summary>Back on the loop: the answers. A client that has gone gets none, and what was stored stays stored.</summary>
    private void Stored()
    {
        _atDisk = false;
        var failed = _copies.Find(static copy => copy.Fate is not null)?.Fate;
        foreach (var copy in _copies)
        {
            if (!lmtp) copy.Fate = failed;
            if (copy.Fate is not null) continue;
            Floor.Tally.StoredOctets += _content.SizeBytes;
            copy.Maildir.Announce();
        }

        var stored = _recipients.Count(user => FateOf(user) is null);
        Floor.Tally.Delivered += stored;
        Floor.Tally.Refused += _recipients.Count - stored;
        if (stored > 0) Floor.Tally.Messages++;
        if (!IsOver) Answer(failed);
        Drop();
        if (IsOver) Floor.TellEmptied();
        else if (Floor.IsStopping) EndWhenIdle();
        else Connection!.ResumeReading();
    }

    private void Answer(SmtpReply? failed)
    {
        if (!lmtp)
        {
            _machine.Resume(failed ?? DeliveryReplies.Stored, Connection!.Output);
            return;
        }

        foreach (var user in _recipients) _machine.Resume(FateOf(user) ?? DeliveryReplies.Stored, Connection!.Output);
    }

    private SmtpReply? FateOf(int user) => _copies.Find(copy => copy.User == user)!.Fate;

    /// <summary>A recipient's copy: its name once written, and the reply if it cannot be.</summary>
    private sealed class Copy(int user, Maildir maildir)
    {
        public int User => user;
        public Maildir Maildir => maildir;
        public string? Name { get; set; }
        public SmtpReply? Fate { get; set; }
    }
}
