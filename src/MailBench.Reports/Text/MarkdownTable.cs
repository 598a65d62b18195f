using System.Text;
using MailBench.Model.Records;

namespace MailBench.Reports.Text;

/// <summary>A table of Markdown. Whatever stands in a cell is kept from becoming markup or a row of its own: names and last words come from strangers.</summary>
internal static class MarkdownTable
{
    /// <param name="heads">A column each.</param>
    /// <param name="rows">Of as many cells.</param>
    /// <param name="isText">Whether the column of an index holds words; figures stand to the right. Null: none does.</param>
    /// <returns>The lines of the table, the last one ended too.</returns>
    public static string Of(IReadOnlyList<string> heads, IEnumerable<IEnumerable<string>> rows, Func<int, bool>? isText = null)
    {
        var text = new StringBuilder(Row(heads)).Append('|');
        for (var i = 0; i < heads.Count; i++) text.Append(isText?.Invoke(i) == true ? "---|" : "--:|");
        text.Append('\n');
        foreach (var row in rows) text.Append(Row(row));
        return text.ToString();
    }

    private static string Row(IEnumerable<string> cells) => $"| {string.Join(" | ", cells.Select(cell => MarkdownReport.Plain(Printable.Of(cell))))} |\n";
}
