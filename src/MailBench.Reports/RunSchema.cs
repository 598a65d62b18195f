using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using MailBench.Model.Records;

namespace MailBench.Reports;

/// <summary>The published schema of <c>run.json</c> (<c>run.schema.json</c> beside this file; a test keeps the two equal).</summary>
public static class RunSchema
{
    /// <summary>The schema as published and embedded.</summary>
    public static string Published => Resources.Text("run.schema.json");

    /// <summary>The schema as the record types give it.</summary>
    public static string Generate()
    {
        var schema = RecordJson.Line.GetJsonSchemaAsNode(typeof(RunSummary), new JsonSchemaExporterOptions { TreatNullObliviousAsNonNullable = true }).AsObject();
        var headed = new JsonObject
        {
            ["$schema"] = "https://json-schema.org/draft/2020-12/schema",
            ["title"] = $"MailBench run record, version {RunSummary.CurrentVersion}",
        };
        foreach (var (name, node) in schema.ToList())
        {
            schema.Remove(name);
            headed[name] = node;
        }

        return headed.ToJsonString(RecordJson.Indented) + "\n";
    }
}
