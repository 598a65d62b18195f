using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using MailBench.Model.Profiles;

namespace MailBench.Runs.Testbed.Systems;

/// <summary>
/// The macros of which m4 makes <c>sendmail.cf</c> for a trial (cf/README). As shipped: sendmail's defaults and what the testbed must set. Tuned: <see cref="Tuned"/> on top. A profile's settings are
/// sendmail's <c>conf</c> names, <c>queueDirectories</c> and <c>queueRun</c>.
/// </summary>
internal static partial class SendmailConfiguration
{
    public const string ConfigurationPlace = "/etc/mail";
    public const string SpoolPlace = "/var/spool/mqueue";
    public const string M4 = "/usr/bin/m4";
    public const string MacroFolder = "/usr/share/sendmail/cf/";
    public const string Macros = MacroFolder + "m4/cf.m4";

    private const string Directories = "queueDirectories";
    private const string Run = "queueRun";
    private const int MostDirectories = 64;

    /// <summary>Throughput settings that people use, and where each is recommended.</summary>
    public static IReadOnlyList<TunedSetting> Tuned { get; } =
    [
        new(Directories, "8", "Installation and Operation Guide, Multiple Queues: several queue directories"),
        new("confMCI_CACHE_SIZE", "8", "Installation and Operation Guide, Tuning: more connections kept open than 2"),
        new("confCHECKPOINT_INTERVAL", "100", "Installation and Operation Guide, Checkpoints: write a message's state less often than every 10 recipients"),
    ];

    /// <summary>Macros that place sendmail on the testbed, or that weaken its promise unsaid.</summary>
    private static readonly HashSet<string> Reserved = new(StringComparer.Ordinal)
    {
        "confDOMAIN_NAME", "confPID_FILE", "confSAFE_QUEUE", "confQUEUE_LA", "confREFUSE_LA", "confDAEMON_OPTIONS", "confCLIENT_OPTIONS", "confRUN_AS_USER", "confDEF_USER_ID", "confHOSTS_FILE", "confTRUSTED_USERS",
        "confCR_FILE", "confCW_FILE", "confCT_FILE", "confINPUT_MAIL_FILTERS", "confSERVICE_SWITCH_FILE", "confCONTROL_SOCKET_NAME", "confDONT_BLAME_SENDMAIL", "confTEMP_FILE_MODE",
    };

    /// <summary>m4 would expand what looks like a macro; a value of these characters calls none.</summary>
    public static string? Refusal(MailSystem system)
    {
        foreach (var (key, value) in system.Settings)
        {
            if (key == Directories)
            {
                if (!int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var count) || count is < 1 or > MostDirectories) return $"settings.{key}: a number from 1 to {MostDirectories}, found '{value}'.";
                continue;
            }

            if (key == Run)
            {
                if (!Interval().IsMatch(value)) return $"settings.{key}: how often the queue is run, 10m say, found '{value}'.";
                continue;
            }

            if (!key.StartsWith("conf", StringComparison.Ordinal) || Reserved.Contains(key) || key.Contains('-', StringComparison.Ordinal))
                return $"settings.{key}: of sendmail's settings the names that begin with conf can be set (cf/README), but not those that place it on the testbed, and {Directories} and {Run}.";
            if (!value.All(c => char.IsAsciiLetterOrDigit(c) || " _.,:/=%+-".Contains(c, StringComparison.Ordinal))) return $"settings.{key}: a value of letters, digits and _.,:/=%+- is taken, since m4 expands others.";
        }

        return null;
    }

    public static int QueueDirectories(MailSystem system) => ForeignAdapter.Effective(system, Tuned).TryGetValue(Directories, out var count) ? int.Parse(count, CultureInfo.InvariantCulture) : 1;

    /// <summary>How often what could not be delivered at once is tried again; 10 minutes as Debian has it.</summary>
    public static string QueueRun(MailSystem system) => ForeignAdapter.Effective(system, Tuned).GetValueOrDefault(Run, "10m");

    public static string Source(MailSystem system, string hostName)
    {
        var text = new StringBuilder($"""
            divert(0)dnl
            VERSIONID(`mailbench')dnl
            OSTYPE(`linux')dnl
            define(`confDOMAIN_NAME', `{hostName}')dnl
            define(`confPID_FILE', `/run/sendmail.pid')dnl
            define(`STATUS_FILE', `')dnl
            define(`HELP_FILE', `')dnl
            define(`ALIAS_FILE', `')dnl
            dnl A benchmark's load is not what these brakes are for; as shipped they hold mail back at a load of 8 and connections at 12 a processor.
            define(`confQUEUE_LA', `10000')dnl
            define(`confREFUSE_LA', `10000')dnl
            define(`QUEUE_DIR', `{SpoolPlace}{(QueueDirectories(system) > 1 ? "/q*" : "")}')dnl
            FEATURE(`nocanonify')dnl
            FEATURE(`accept_unresolvable_domains')dnl
            FEATURE(`no_default_msa')dnl
            DAEMON_OPTIONS(`Name=MTA, Family=inet, Address={MtaAdapter.DoorAddress}, Port=25')dnl

            """);
        foreach (var (key, value) in ForeignAdapter.Effective(system, Tuned).Where(pair => pair.Key is not (Directories or Run))) text.Append(CultureInfo.InvariantCulture, $"define(`{key}', `{value}')dnl\n");
        text.Append("MAILER(`smtp')dnl\n");
        return text.ToString();
    }

    [GeneratedRegex(@"\A[1-9][0-9]{0,3}[smh]\z", RegexOptions.CultureInvariant)]
    private static partial Regex Interval();
}
