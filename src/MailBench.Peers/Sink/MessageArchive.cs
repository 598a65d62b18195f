using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace MailBench.Peers.Sink;

/// <summary>
/// Keeps messages as received: <c>N.eml</c> beside its envelope <c>N.json</c>. Names come from N alone, never from what a client said. A message is written under a
/// temporary name and appears whole: where N.eml is, N.json is. Numbers go on behind those that the folder has. On the sink's loop only.
/// </summary>
internal sealed class MessageArchive
{
    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true };

    private readonly string _folder;
    private long _last;
    private long _drafts;

    /// <summary>Makes the folder if need be; throws <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/> when it cannot be written to.</summary>
    public MessageArchive(string folder)
    {
        _folder = Directory.CreateDirectory(folder).FullName;
        foreach (var path in Directory.EnumerateFiles(_folder, "*.eml"))
            if (long.TryParse(Path.GetFileNameWithoutExtension(path), NumberStyles.None, CultureInfo.InvariantCulture, out var number)) _last = Math.Max(_last, number);

        // A folder that exists may still be read-only; better said at start than at the first message.
        using var draft = Begin();
    }

    /// <summary>Begins a message; dispose a draft that is not kept.</summary>
    public Draft Begin() => new(this, Path.Combine(_folder, string.Create(CultureInfo.InvariantCulture, $".receiving-{Environment.ProcessId}-{++_drafts}")));

    /// <summary>A message that is being received.</summary>
    public sealed class Draft : IDisposable
    {
        private readonly MessageArchive _archive;
        private readonly string _path;
        private FileStream? _file;

        internal Draft(MessageArchive archive, string path)
        {
            _archive = archive;
            _path = path;
            _file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None);
        }

        public void Write(ReadOnlySpan<byte> octets) => _file!.Write(octets);

        /// <summary>Gives the message its number. Throws <see cref="IOException"/> when it could not be written whole; nothing of it is left then.</summary>
        public long Keep(string reversePath, IReadOnlyList<string> recipients)
        {
            _file!.Dispose();
            _file = null;
            var number = ++_archive._last;
            var name = Path.Combine(_archive._folder, number.ToString(CultureInfo.InvariantCulture));
            try
            {
                File.WriteAllText(_path + ".json", JsonSerializer.Serialize(new Envelope(reversePath, recipients), Json) + "\n");
                File.Move(_path + ".json", name + ".json", overwrite: true);
                File.Move(_path, name + ".eml", overwrite: false);
            }
            catch
            {
                Remove(_path);
                Remove(_path + ".json");
                Remove(name + ".json");
                throw;
            }

            return number;
        }

        public void Dispose()
        {
            if (_file is null) return;
            try
            {
                _file.Dispose();
            }
            catch (IOException)
            {
                // The last octets of a draft that nobody keeps could not be written.
            }

            _file = null;
            Remove(_path);
        }

        private static void Remove(string path)
        {
            try
            {
                File.Delete(path);
            }
            catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
            {
                // A leftover has a name that is no message's; the failure that led here is the one to report.
            }
        }
    }

    private sealed record Envelope([property: JsonPropertyName("reversePath")] string ReversePath, [property: JsonPropertyName("recipients")] IReadOnlyList<string> Recipients);
}
