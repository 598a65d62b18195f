namespace MailBench.Wire;

/// <summary>What a look for a line gave: none yet, a line, or the end of one that was too long.</summary>
internal enum LineStep : byte { Wait, Line, TooLong }

/// <summary>
/// Cuts input into lines that end in CRLF, of bounded length. A longer one is passed over as it comes and told of at its end, so that replies stay in step with commands. The same octets under any
/// fragmentation give the same steps. Its default value is ready.
/// </summary>
internal struct LineFramer
{
    private bool _passedCr;

    /// <summary>A line that is too long is being passed over.</summary>
    public bool IsPassing { get; private set; }

    /// <summary>
    /// Takes a line of at most <paramref name="limit"/> octets, CRLF included, from the front of <paramref name="input"/>. <paramref name="taken"/>: octets used up, also while it waits;
    /// <paramref name="line"/>: without CRLF.
    /// </summary>
    public LineStep Next(ReadOnlySpan<byte> input, int limit, out int taken, out ReadOnlySpan<byte> line)
    {
        taken = 0;
        line = default;
        if (!IsPassing)
        {
            var end = (input.Length > limit ? input[..limit] : input).IndexOf("\r\n"u8);
            if (end >= 0)
            {
                line = input[..end];
                taken = end + 2;
                return LineStep.Line;
            }

            if (input.Length < limit) return LineStep.Wait;
            (IsPassing, _passedCr) = (true, false);
        }

        taken = 1;
        if (!_passedCr || input[0] != (byte)'\n')
        {
            taken = input.IndexOf("\r\n"u8) + 2;
            if (taken == 1)
            {
                _passedCr = input[^1] == (byte)'\r';
                taken = input.Length;
                return LineStep.Wait;
            }
        }

        IsPassing = false;
        return LineStep.TooLong;
    }
}
