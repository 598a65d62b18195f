using System.Globalization;
using System.Text;

namespace MailBench.Testing.Smtp;

/// <summary>Octets as text that a person can read and write: <c>\r \n \\ \xNN</c> for what does not print.</summary>
public static class Octets
{
    public static string Show(ReadOnlySpan<byte> octets)
    {
        var text = new StringBuilder(octets.Length);
        foreach (var octet in octets)
        {
            text.Append(octet switch
            {
                (byte)'\r' => "\\r",
                (byte)'\n' => "\\n",
                (byte)'\\' => "\\\\",
                >= 32 and <= 126 => ((char)octet).ToString(),
                _ => string.Create(CultureInfo.InvariantCulture, $"\\x{octet:x2}"),
            });
        }

        return text.ToString();
    }

    public static byte[] Read(string text)
    {
        var octets = new List<byte>(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\') octets.Add((byte)text[i]);
            else if (text[++i] == 'x')
            {
                octets.Add(byte.Parse(text.AsSpan(i + 1, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture));
                i += 2;
            }
            else octets.Add(text[i] switch { 'r' => (byte)'\r', 'n' => (byte)'\n', '0' => (byte)0, _ => (byte)text[i] });
        }

        return [.. octets];
    }
}
