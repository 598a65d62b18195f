using System.Text.Json;
using System.Text.Json.Nodes;
using MailBench.Model.Units;

namespace MailBench.Model.Profiles;

/// <summary>The JSON schema of profiles, for editors (<c>profiles/mailbench.schema.json</c>), made from the <see cref="SettingsTable"/>. The reader itself is stricter and does not use it.</summary>
public static class ProfileSchema
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The schema as indented JSON with a final newline.</summary>
    public static string Write()
    {
        var schema = SectionSchema("");
        schema["$schema"] = "http://json-schema.org/draft-07/schema#";
        schema["title"] = "MailBench profile";
        schema["required"] = new JsonArray("version");
        var properties = schema["properties"]!.AsObject();
        properties.Insert(0, "version", new JsonObject { ["const"] = Profile.CurrentVersion, ["description"] = "Version of the profile format." });
        properties["sweeps"] = SweepsSchema(out var settings);
        properties["systems"] = SystemsSchema();
        schema["definitions"] = new JsonObject { ["settings"] = settings };
        return schema.ToJsonString(Indented).ReplaceLineEndings("\n") + "\n";
    }

    private static JsonObject SectionSchema(string section)
    {
        var properties = new JsonObject();
        foreach (var name in SettingsTable.NamesIn(section))
        {
            var path = section.Length == 0 ? name : $"{section}.{name}";
            properties[name] = SettingsTable.Find(path) is { } setting ? ValueSchema(setting) : SectionSchema(path);
        }

        return new JsonObject { ["type"] = "object", ["additionalProperties"] = false, ["properties"] = properties };
    }

    private static JsonObject ValueSchema(Setting setting)
    {
        var schema = setting.Kind switch
        {
            SettingKind.Integer or SettingKind.Number => new JsonObject { ["type"] = setting.Kind == SettingKind.Integer ? "integer" : "number", ["minimum"] = setting.Min },
            SettingKind.Flag => new JsonObject { ["enum"] = new JsonArray("on", "off", true, false) },
            SettingKind.Choice => new JsonObject { ["enum"] = new JsonArray([.. setting.Choices.Select(choice => JsonValue.Create(choice))]) },
            SettingKind.Duration => Text(@"^[0-9.]+(us|ms|s|m|h|d)$"),
            SettingKind.Size => new JsonObject { ["type"] = new JsonArray("string", "integer"), ["pattern"] = @"^[0-9.]+ ?(B|KiB|MiB|GiB|kB|MB|GB)?$" },
            SettingKind.OfferedRate => Text(@"^([0-9.]+/[smh]|[0-9.]+ ?% +of +[A-Za-z0-9_-]+)$"),
            SettingKind.Share => Text(@"^[0-9.]+%$"),
            SettingKind.Capacity => new JsonObject { ["anyOf"] = new JsonArray(Text(CapacityPattern), DirectionsSchema()) },
            SettingKind.List => new JsonObject { ["type"] = "array", ["items"] = Text(setting.Pattern?.ToString()) },
            _ => Text(setting.Pattern?.ToString()),
        };
        if (double.IsFinite(setting.Max) && setting.Kind is SettingKind.Integer or SettingKind.Number) schema["maximum"] = setting.Max;
        schema["description"] = setting.Default is { Length: > 0 } value ? $"{setting.Doc} Default: {value}." : setting.Doc;
        return schema;
    }

    private const string CapacityPattern = @"^(unlimited|[0-9.]+ ?[GMk]?bit/s)(/(unlimited|[0-9.]+ ?[GMk]?bit/s))?$";

    private static JsonObject DirectionsSchema() => new()
    {
        ["type"] = "object",
        ["additionalProperties"] = false,
        ["required"] = new JsonArray("forward", "reverse"),
        ["properties"] = new JsonObject { ["forward"] = Text(CapacityPattern), ["reverse"] = Text(CapacityPattern) },
    };

    private static JsonObject SweepsSchema(out JsonObject settings)
    {
        var set = new JsonObject();
        var axes = new JsonObject();
        foreach (var setting in SettingsTable.All.Where(setting => setting.Sweepable))
        {
            set[setting.Path] = ValueSchema(setting);
            axes[setting.Path] = new JsonObject
            {
                ["description"] = setting.Doc + " A list of values, or a mapping of values to the settings that go with each.",
                ["anyOf"] = new JsonArray(
                    new JsonObject { ["type"] = "array", ["minItems"] = 1, ["items"] = ValueSchema(setting) },
                    new JsonObject { ["type"] = "object", ["additionalProperties"] = new JsonObject { ["$ref"] = "#/definitions/settings" } }),
            };
        }

        var sweep = new JsonObject
        {
            ["type"] = "object",
            ["additionalProperties"] = false,
            ["required"] = new JsonArray("name"),
            ["properties"] = new JsonObject
            {
                ["name"] = Text("^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$", "Other sweeps refer to it: 70% of NAME."),
                ["set"] = new JsonObject { ["$ref"] = "#/definitions/settings" },
                ["axes"] = new JsonObject { ["type"] = "object", ["additionalProperties"] = false, ["properties"] = axes },
            },
        };
        settings = new JsonObject { ["type"] = "object", ["additionalProperties"] = false, ["properties"] = set };
        return new JsonObject
        {
            ["type"] = "array",
            ["description"] = "Each sweep measures every combination of its axes' values. Without sweeps a profile is one point.",
            ["items"] = sweep,
        };
    }

    private static JsonObject SystemsSchema()
    {
        var own = new JsonObject { ["type"] = new JsonArray("string", "number", "boolean") };
        var system = new JsonObject
        {
            ["type"] = new JsonArray("object", "null"),
            ["additionalProperties"] = false,
            ["properties"] = new JsonObject
            {
                ["kind"] = Names<SystemKind>("What it is; a system called like a kind needs none."),
                ["variant"] = Names<SystemVariant>("A foreign MTA's configuration before its free settings. Default: as-shipped."),
                ["optional"] = new JsonObject { ["enum"] = new JsonArray("on", "off", true, false), ["description"] = "Left out, with a sentence in the report, where it is not installed or may not be started. Default: off." },
                ["root"] = Text(null, "Folder of an unpacked package with all that it needs, into which the MTA is locked. Default: the machine's own, else the one that 'mailbench doctor --unpack' made."),
                ["at"] = Text(@"^.+:[0-9]{1,5}$", "HOST:PORT of a server of kind external."),
                ["settings"] = new JsonObject { ["type"] = "object", ["additionalProperties"] = own, ["description"] = "Settings in the MTA's own language, on top of the variant's." },
                ["set"] = new JsonObject { ["$ref"] = "#/definitions/settings" },
            },
        };
        return new JsonObject
        {
            ["type"] = "object",
            ["description"] = "Systems under test by name, for the setting 'system'. All kinds but external are there under their own names without definition.",
            ["propertyNames"] = new JsonObject { ["pattern"] = SettingsTable.Get(ProfileReader.SystemPath).Pattern!.ToString() },
            ["additionalProperties"] = system,
        };
    }

    private static JsonObject Names<T>(string description) where T : struct, Enum =>
        new() { ["enum"] = new JsonArray([.. Kebab.Names<T>().Select(name => JsonValue.Create(name))]), ["description"] = description };

    private static JsonObject Text(string? pattern, string? description = null)
    {
        var schema = new JsonObject { ["type"] = "string" };
        if (pattern is not null) schema["pattern"] = pattern;
        if (description is not null) schema["description"] = description;
        return schema;
    }
}
