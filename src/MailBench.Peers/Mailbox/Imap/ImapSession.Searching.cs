using System.Text;
using MailBench.Wire.Imap;

namespace MailBench.Peers.Mailbox.Imap;

/// <summary>SEARCH in the selected mailbox, answered by a list or, where the client says what it wants of that, by ESEARCH (RFC 4731).</summary>
internal sealed partial class ImapSession
{
    private void Search(ImapCommand command)
    {
        if (command.Search is null)
        {
            Finish(ImapStatus.No, "[BADCHARSET (UTF-8 US-ASCII)] the charset is not known");
            return;
        }

        var search = new SearchWork(_maildir!, command.Search, _view!);
        if (!search.IsCheap)
        {
            LookOn(search);
            return;
        }

        search.LookOn();
        _failure = null;
        WriteFound(search);
    }

    private void LookOn(SearchWork search)
    {
        var finished = false;
        AtDisk(
            () =>
            {
                finished = search.LookOn();
                return null;
            },
            () =>
            {
                if (finished || _failure is not null) WriteFound(search);
                else LookOn(search);
            });
    }

    private void WriteFound(SearchWork search)
    {
        if (_failure is null)
        {
            uint[] found = [.. search.Found.Select(place => _command!.IsUid ? _view!.Messages[place].Uid : (uint)place + 1)];
            var text = _command!.Return == SearchReturn.None ? Listed(found) : Extended(_command, found);
            if (_command.Search!.HasModSeq && found.Length > 0) AppendModSeq(text, _command.Return, search.Found);
            Connection!.Send(Encoding.ASCII.GetBytes(text.Append("\r\n").ToString()));
        }

        FinishOr("done");
    }

    private static StringBuilder Listed(uint[] found)
    {
        var text = new StringBuilder("* SEARCH");
        foreach (var number in found) text.Append(' ').Append(number);
        return text;
    }

    /// <summary>RFC 4731 §3.1: of nothing there is neither a least nor a largest nor a set, only a count. <paramref name="found"/> ascends, as places do.</summary>
    private static StringBuilder Extended(ImapCommand command, uint[] found)
    {
        var text = new StringBuilder($"* ESEARCH (TAG \"{command.Tag}\")");
        if (command.IsUid) text.Append(" UID");
        if (found.Length > 0)
        {
            if (command.Return.HasFlag(SearchReturn.Min)) text.Append(" MIN ").Append(found[0]);
            if (command.Return.HasFlag(SearchReturn.Max)) text.Append(" MAX ").Append(found[^1]);
            if (command.Return.HasFlag(SearchReturn.All)) ImapSet.Write(found, text.Append(" ALL "));
        }

        return command.Return.HasFlag(SearchReturn.Count) ? text.Append(" COUNT ").Append(found.Length) : text;
    }

    /// <summary>The greatest mod-sequence of what is found (RFC 7162 §3.1.5), or, where only the ends are asked for, of those (RFC 4731 §3.2).</summary>
    private void AppendModSeq(StringBuilder text, SearchReturn wanted, List<int> found)
    {
        IEnumerable<int> told = wanted switch
        {
            SearchReturn.Min => [found[0]],
            SearchReturn.Max => [found[^1]],
            SearchReturn.Min | SearchReturn.Max => [found[0], found[^1]],
            _ => found,
        };
        var modSeq = told.Max(place => _view!.Messages[place].ModSeq);
        if (wanted == SearchReturn.None) text.Append(" (MODSEQ ").Append(modSeq).Append(')');
        else text.Append(" MODSEQ ").Append(modSeq);
    }
}
