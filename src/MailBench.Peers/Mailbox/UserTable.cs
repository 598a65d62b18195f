using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace MailBench.Peers.Mailbox;

/// <summary>
/// The users by number, their passwords and the names of their folders. What comes from the wire is only ever looked up here: no path is made of it.
/// </summary>
internal sealed class UserTable
{
    /// <summary>Longest local part (RFC 5321 §4.5.3.1.1).</summary>
    private const int MaxName = 64;
    private const int MaxUsers = 10_000_000;

    private readonly string[]? _names;
    private readonly byte[][]? _passwords;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _byName;

    private UserTable(int count) => Count = count;

    private UserTable(IReadOnlyList<(string Name, string Password)> users)
    {
        Count = users.Count;
        _names = [.. users.Select(static user => user.Name)];
        _passwords = [.. users.Select(static user => SHA256.HashData(Encoding.UTF8.GetBytes(user.Password)))];
        _byName = _names.Index().ToDictionary(static user => user.Item, static user => user.Index, StringComparer.Ordinal).GetAlternateLookup<ReadOnlySpan<char>>();
    }

    public int Count { get; }

    /// <summary><c>user0</c> to <c>userN-1</c>; each one's password is its name.</summary>
    public static UserTable Generated(int count) =>
        count is > 0 and <= MaxUsers ? new UserTable(count) : throw new InvalidDataException($"{count} is no number of users; give 1 to {MaxUsers}.");

    /// <summary>
    /// Reads <c>name:password</c> lines (a <c>{PLAIN}</c> in front of the password is passed over, fields behind a further colon too; <c>#</c> begins a comment). Throws
    /// <see cref="InvalidDataException"/> that names file and line for anything else: a name is a folder's name too, so only letters, digits, <c>- _ . +</c>, no dot in front.
    /// </summary>
    public static UserTable Read(string path)
    {
        var users = new List<(string, string)>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var number = 0;
        foreach (var line in File.ReadLines(path))
        {
            number++;
            if (line.Length == 0 || line[0] == '#') continue;
            var fields = line.Split(':');
            var name = fields[0].ToLowerInvariant();
            if (fields.Length < 2) throw new InvalidDataException($"{path}, line {number}: no colon; write name:password.");
            if (!IsName(name)) throw new InvalidDataException($"{path}, line {number}: a user's name has 1 to {MaxName} letters, digits or - _ . + and begins with none of these signs.");
            if (!seen.Add(name)) throw new InvalidDataException($"{path}, line {number}: {name} is there already.");
            users.Add((name, fields[1].StartsWith("{PLAIN}", StringComparison.OrdinalIgnoreCase) ? fields[1]["{PLAIN}".Length..] : fields[1]));
        }

        return users.Count > 0 ? new UserTable(users) : throw new InvalidDataException($"{path} names no user; write a line name:password for each.");
    }

    public string NameOf(int user) => _names?[user] ?? $"user{user}";

    /// <summary>The user of a login name or local part, in any case, with or without <c>@domain</c> behind it; -1: nobody.</summary>
    public int Find(ReadOnlySpan<byte> name)
    {
        if (name.Length is 0 or > MaxName) return -1;
        Span<byte> small = stackalloc byte[MaxName];
        if (Ascii.ToLower(name, small, out var length) != System.Buffers.OperationStatus.Done) return -1;
        small = small[..length];
        if (_names is null) return FindGenerated(small);
        Span<char> text = stackalloc char[MaxName];
        Encoding.ASCII.GetChars(small, text);
        return _byName.TryGetValue(text[..length], out var user) ? user : -1;
    }

    /// <summary>Compares in a time that depends neither on the password nor on whether the user exists (-1: compares with nothing and says no).</summary>
    public bool Verify(int user, ReadOnlySpan<byte> password)
    {
        Span<byte> given = stackalloc byte[SHA256.HashSizeInBytes];
        Span<byte> wanted = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(password, given);
        if (user >= 0 && _passwords is not null)
        {
            _passwords[user].CopyTo(wanted);
        }
        else
        {
            Span<byte> name = stackalloc byte[16];
            "user"u8.CopyTo(name);
            Utf8Formatter.TryFormat(Math.Max(user, 0), name[4..], out var digits);
            SHA256.HashData(name[..(4 + digits)], wanted);
        }

        return CryptographicOperations.FixedTimeEquals(given, wanted) & user >= 0;
    }

    private int FindGenerated(ReadOnlySpan<byte> name)
    {
        if (!name.StartsWith("user"u8)) return -1;
        var digits = name[4..];
        if (digits.Length is 0 or > 8 || (digits.Length > 1 && digits[0] == (byte)'0')) return -1;
        return Utf8Parser.TryParse(digits, out int user, out var used) && used == digits.Length && user >= 0 && user < Count && digits[0] is >= (byte)'0' and <= (byte)'9' ? user : -1;
    }

    private static bool IsName(string name) =>
        name.Length is > 0 and <= MaxName && char.IsAsciiLetterOrDigit(name[0]) && name.All(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or '+');
}
