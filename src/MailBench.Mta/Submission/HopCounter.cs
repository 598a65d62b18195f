namespace MailBench.Mta.Submission;

/// <summary>Counts <c>Received:</c> fields in the header section of content that comes in pieces of any size: the loop detection of RFC 5321 §6.3.</summary>
internal struct HopCounter
{
    private enum At : byte { LineStart, InName, InLine, InBody }

    private At _at;
    private byte _matched;
    private bool _blank;

    /// <summary>Received fields seen so far.</summary>
    public int Hops { get; private set; }

    public void Add(ReadOnlySpan<byte> content)
    {
        var name = "received:"u8;
        while (_at != At.InBody && !content.IsEmpty)
        {
            if (_at == At.InLine)
            {
                var end = content.IndexOf((byte)'\n');
                if (end < 0) return;
                content = content[(end + 1)..];
                _at = At.LineStart;
                continue;
            }

            if (_at == At.LineStart) (_at, _matched, _blank) = (At.InName, 0, true);
            var octet = content[0];
            content = content[1..];
            if (octet == (byte)'\n') _at = _blank ? At.InBody : At.LineStart;
            else if (octet != (byte)'\r' || _matched > 0)
            {
                _blank = false;
                if ((octet | 0x20) != name[_matched] && octet != name[_matched]) _at = At.InLine;
                else if (++_matched == name.Length)
                {
                    Hops++;
                    _at = At.InLine;
                }
            }
        }
    }
}
