using System.Text;
using MailBench.Model.Records;
using MimeKit;

namespace MailBench.Runs.Probes;

/// <summary>A notification held against RFC 3464 (format), RFC 3463 (codes), RFC 6522 (report) and RFC 5321 §4.5.5 (null reverse-path). Pure.</summary>
internal static class DsnInspection
{
    /// <param name="group">Of the findings.</param>
    /// <param name="reversePath">Of the transaction that brought it.</param>
    /// <param name="content">Octets, one character each.</param>
    /// <param name="recipient">Who was to be told about.</param>
    /// <param name="statusClass">What its status begins with: <c>5</c>, or <c>4</c> where a temporary failure lasted too long.</param>
    /// <param name="hostWords">Words of the refusing host's reply.</param>
    public static IReadOnlyList<ProbeFinding> Inspect(string group, string reversePath, string content, string recipient, char statusClass, string hostWords)
    {
        var findings = new List<ProbeFinding> { Of("reverse-path", "null", "RFC 5321 §4.5.5", reversePath.Length == 0 ? "null" : reversePath, reversePath.Length == 0) };
        MimeMessage message;
        try
        {
            using var stream = new MemoryStream(Encoding.Latin1.GetBytes(content), writable: false);
            message = MimeMessage.Load(stream);
        }
        catch (FormatException unread)
        {
            return [.. findings, Of("form", "MIME", "RFC 6522", $"unreadable: {unread.Message}", false)];
        }

        var report = message.Body as Multipart;
        var type = message.Body is { } body ? $"{body.ContentType.MimeType}; report-type={body.ContentType.Parameters["report-type"] ?? "missing"}" : "no body";
        findings.Add(Of("content type", "multipart/report; report-type=delivery-status", "RFC 6522 §3", type, type == "multipart/report; report-type=delivery-status"));
        var parts = report?.Select(part => part.ContentType.MimeType).ToList() ?? [];
        findings.Add(Of("parts", "a text, message/delivery-status, the message or its headers", "RFC 6522 §3", string.Join(", ", parts),
            parts.Count is 2 or 3 && parts[1] == "message/delivery-status" && (parts.Count == 2 || parts[2] is "message/rfc822" or "text/rfc822-headers" or "message/global" or "message/global-headers")));
        var submitted = message.Headers["Auto-Submitted"];
        findings.Add(Of("Auto-Submitted", "auto-replied, or auto-generated", "RFC 3834 §5", submitted ?? "missing", submitted?.StartsWith("auto-", StringComparison.OrdinalIgnoreCase) == true));
        var groups = message.BodyParts.OfType<MessageDeliveryStatus>().FirstOrDefault()?.StatusGroups;
        var reporting = groups?.Count > 0 ? groups[0]["Reporting-MTA"] : null;
        findings.Add(Of("Reporting-MTA", "dns; NAME", "RFC 3464 §2.2.2", reporting ?? "missing", reporting?.StartsWith("dns;", StringComparison.OrdinalIgnoreCase) == true));
        var fields = groups?.FirstOrDefault(fields => fields["Final-Recipient"]?.Contains(recipient, StringComparison.OrdinalIgnoreCase) == true || fields["Original-Recipient"]?.Contains(recipient, StringComparison.OrdinalIgnoreCase) == true);
        findings.Add(Of("recipient named", $"rfc822; {recipient}", "RFC 3464 §2.3.2", fields?["Final-Recipient"] ?? "missing", fields is not null));
        findings.Add(Of("Action", "failed", "RFC 3464 §2.3.3", fields?["Action"] ?? "missing", fields?["Action"]?.Trim().Equals("failed", StringComparison.OrdinalIgnoreCase) == true));
        var status = fields?["Status"]?.Trim();
        findings.Add(Of("Status", $"{statusClass}.x.x", "RFC 3463 §2", status ?? "missing", status?.Split('.').Length == 3 && status[0] == statusClass));
        var diagnostic = fields?["Diagnostic-Code"];
        findings.Add(Of("Diagnostic-Code", $"smtp; the host's reply ({hostWords})", "RFC 3464 §2.3.6", diagnostic?.ReplaceLineEndings(" ") ?? "missing",
            diagnostic?.StartsWith("smtp;", StringComparison.OrdinalIgnoreCase) == true && diagnostic.Contains(hostWords, StringComparison.OrdinalIgnoreCase)));
        return findings;

        ProbeFinding Of(string question, string expected, string basis, string observed, bool holds) => DoorProbes.Standard(group, question, expected, basis, observed, holds);
    }
}
