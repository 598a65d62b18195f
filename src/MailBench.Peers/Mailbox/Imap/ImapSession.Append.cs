using System.Globalization;
using MailBench.Peers.Mailbox.Store;
using MailBench.Wire.Imap;

namespace MailBench.Peers.Mailbox.Imap;

/// <summary>APPEND: content is gathered within the memory that all receiving sessions share, and is synced before the OK, as a delivery is.</summary>
internal sealed partial class ImapSession
{
    private ContentBuffer? _content;
    private long _contentBytes;
    private bool _overflowed;

    public string? OnAppend(ImapCommand command, long octets)
    {
        _command = command;
        if (Floor.ReceivingBytes + octets > Floor.ReceivingLimit) return "[LIMIT] too much mail at once, try again later";
        if (!FolderName.TryRead(command.Mailbox, out _)) return NoName;
        _content = new ContentBuffer();
        return null;
    }

    public void OnAppendContent(ReadOnlySpan<byte> octets)
    {
        _overflowed |= Floor.ReceivingBytes + octets.Length > Floor.ReceivingLimit;
        if (_overflowed) return;
        Floor.ReceivingBytes += octets.Length;
        _contentBytes += octets.Length;
        _content!.Write(octets);
    }

    public void OnAppendAbandoned() => DropContent();

    public void OnAppendEnd()
    {
        var command = _command!;
        if (_overflowed || !FolderName.TryRead(command.Mailbox, out var folder))
        {
            DropContent();
            Finish(ImapStatus.No, "[LIMIT] too much mail at once, try again later");
            return;
        }

        var (maildir, content) = (Borrow(folder), _content!);
        var code = "";
        AtDisk(
            () =>
            {
                if (!folder.IsInbox && !maildir.Exists) return "[TRYCREATE] there is no such mailbox";
                var name = maildir.Prepare(content);
                try
                {
                    maildir.Appear(name, command.Flags, command.Date);
                }
                catch
                {
                    maildir.Discard(name);
                    throw;
                }

                maildir.SyncFlagged();
                code = UidOf(maildir, name);
                return null;
            },
            () =>
            {
                if (_failure is null) Floor.Tally.StoredOctets += content.SizeBytes;
                DropContent();
                ReturnOther();
                FinishOr($"{code}stored");
                maildir.Announce();
            });
    }

    /// <summary>
    /// APPENDUID of what has been stored; empty where its UID cannot be told (no room for the list of UIDs): a client that hears NO brings the message again, and this one is there (RFC 4315 §3 leaves the
    /// code free).
    /// </summary>
    private string UidOf(Maildir maildir, string name)
    {
        try
        {
            var snapshot = maildir.Index.Look();
            var stored = snapshot.Messages.LastOrDefault(message => MaildirName.BaseOf(message.File.Name).SequenceEqual(name));
            return stored is null ? "" : string.Create(CultureInfo.InvariantCulture, $"[APPENDUID {snapshot.Validity} {stored.Uid}] ");
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            Floor.Complain($"a mailbox could not be listed: {failed.Message}");
            return "";
        }
    }

    private void DropContent()
    {
        Floor.ReceivingBytes -= _contentBytes;
        _content?.Dispose();
        (_content, _contentBytes, _overflowed) = (null, 0, false);
    }
}
