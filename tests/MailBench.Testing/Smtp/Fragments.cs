using System.Buffers;
using MailBench.Wire.Smtp;

namespace MailBench.Testing.Smtp;

/// <summary>Presents octets to machines in pieces, as a connection would: what a machine leaves comes again in front of the next piece.</summary>
public static class Fragments
{
    public static IEnumerable<int> Whole(int length) => [length];

    public static IEnumerable<int> ByByte(int length) => Enumerable.Repeat(1, length);

    /// <summary>Feeds a server machine; a message whose answer was left open is answered by <paramref name="resume"/> as soon as it waits.</summary>
    public static void Feed(SmtpServerMachine machine, ISmtpServerSession owner, IBufferWriter<byte> output, byte[] input, IEnumerable<int> pieces, Func<SmtpReply>? resume = null) =>
        Feed(input, pieces, presented =>
        {
            var consumed = machine.Receive(presented, owner, output);
            while (machine.IsWaiting || machine.AwaitsTls)
            {
                // The handshake is another's matter, and takes no time here.
                if (machine.AwaitsTls) machine.Secured();
                else machine.Resume(resume!(), output);
                consumed += machine.Receive(presented[consumed..], owner, output);
            }

            return consumed;
        });

    public static void Feed(SmtpClientMachine machine, ISmtpClientSession owner, IBufferWriter<byte> output, byte[] input, IEnumerable<int> pieces) =>
        Feed(input, pieces, presented => machine.Receive(presented, owner, output));

    private delegate int Receiver(ReadOnlySpan<byte> presented);

    private static void Feed(byte[] input, IEnumerable<int> pieces, Receiver receive)
    {
        int start = 0, end = 0;
        foreach (var piece in pieces)
        {
            end = Math.Min(input.Length, end + piece);
            start += receive(input.AsSpan(start, end - start));
        }

        if (end < input.Length) receive(input.AsSpan(start));
    }
}
