using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using MailBench.Model.Options;
using MailBench.Model.Profiles;
using MailBench.Model.Units;

namespace MailBench.Runs.Testbed.Systems;

/// <summary>
/// <c>dovecot.conf</c> for a trial. As shipped: the defaults that its authors compiled in, and what the testbed must set. Tuned: <see cref="Tuned"/> on top. A setting of a service is written
/// <c>SERVICE-SETTING</c> here and in profiles, <c>pop3-login-service_count</c> say, since there it stands within <c>service pop3-login { … }</c>.
/// </summary>
internal static partial class DovecotConfiguration
{
    public const string ConfigurationPlace = "/etc/dovecot";
    public const string MailPlace = "/var/mail";
    public const string StatePlace = "/var/lib/dovecot";
    public const string RunPlace = "/run";
    public const string LogPlace = "/var/log";
    public const string LogName = "dovecot.log";
    public const string MailOwner = "mail";

    /// <summary>Over which private files are laid.</summary>
    public static readonly string[] Places = [ConfigurationPlace, MailPlace, StatePlace, RunPlace, LogPlace];

    /// <summary>Throughput settings that people use, and where each is recommended (pages of Dovecot's own documentation).</summary>
    public static IReadOnlyList<TunedSetting> Tuned { get; } =
    [
        new("pop3-login-service_count", "0", "Login processes, high-performance mode: a login process serves many connections, one after the other and at once"),
        new("imap-login-service_count", "0", "the same"),
        new("pop3-login-process_min_avail", "2", "Login processes, high-performance mode: as many as there are processors"),
        new("imap-login-process_min_avail", "2", "the same"),
        new("pop3-service_count", "0", "Services, service_count: POP3 sessions are short, so processes are used again and not forked for each"),
        new("imap-service_count", "0", "the same; mailboxes opened by one process are closed before the next"),
        new("pop3-client_limit", "16", "Services, client_limit: many clients a process where processes would be too many; they wait for each other's disk"),
        new("imap-client_limit", "16", "the same"),
        new("pop3-process_min_avail", "4", "Services, process_min_avail: started before they are needed"),
        new("imap-process_min_avail", "4", "the same"),
        new("maildir_very_dirty_syncs", "yes", "Maildir settings, optimisations: cur is not read anew when only new has changed"),
    ];

    /// <summary>What a profile may set: nothing that would move Dovecot, open it, load code or run a program.</summary>
    private static readonly HashSet<string> Allowed = new(StringComparer.Ordinal)
    {
        "auth_cache_size", "auth_cache_ttl", "auth_cache_negative_ttl", "default_client_limit", "default_process_limit", "default_vsz_limit", "imap_idle_notify_interval", "imap_hibernate_timeout", "lock_method",
        "mail_always_cache_fields", "mail_cache_fields", "mail_cache_min_mail_count", "mail_fsync", "mail_max_userip_connections", "mail_never_cache_fields", "mail_nfs_index", "mail_nfs_storage", "mail_prefetch_count",
        "mailbox_idle_check_interval", "mailbox_list_index", "mailbox_list_index_very_dirty_syncs", "maildir_broken_filename_sizes", "maildir_copy_with_hardlinks", "maildir_stat_dirs", "maildir_very_dirty_syncs",
        "mmap_disable", "pop3_fast_size_lookups", "pop3_lock_session", "pop3_no_flag_updates", "verbose_proctitle",
    };

    public static string? Refusal(MailSystem system)
    {
        foreach (var (key, value) in system.Settings)
        {
            if (!Allowed.Contains(key) && !ServicePattern().IsMatch(key))
                return $"settings.{key}: {(NearestName.Of(key, Allowed) is { } nearest ? $"did you mean '{nearest}'?" : "a profile can set Dovecot's mail, cache and lock settings by name, and those of a service as pop3-login-service_count (service_count, client_limit, process_limit, process_min_avail, vsz_limit).")}";
            if (!ValuePattern().IsMatch(value)) return $"settings.{key}: '{value}' is no plain value; letters, digits, spaces and . _ - : are.";
        }

        return null;
    }

    public static string Write(MailSystem system, MailboxDoors doors)
    {
        var protocol = Kebab.Format(doors.Protocol);
        var settings = ForeignAdapter.Effective(system, Tuned);
        var text = new StringBuilder();
        // What the testbed must set: where it is, that nobody has certificates here, and who its users are.
        text.Append(CultureInfo.InvariantCulture, $$"""
            protocols = {{protocol}} lmtp
            listen = {{doors.Users.Address}}
            ssl = no
            disable_plaintext_auth = no
            mail_location = maildir:{{MailPlace}}/%n
            first_valid_uid = 1
            log_path = {{LogPlace}}/{{LogName}}
            passdb {
              driver = static
              args = password=%n
            }
            userdb {
              driver = static
              args = uid={{MailOwner}} gid={{MailOwner}} home={{MailPlace}}/%n
            }
            namespace inbox {
              inbox = yes
            }

            """);
        foreach (var (key, value) in settings)
            if (!ServicePattern().IsMatch(key)) text.Append(CultureInfo.InvariantCulture, $"{key} = {value}\n");
        string[] services = [$"{protocol}-login", "lmtp", .. settings.Keys.Select(key => ServicePattern().Match(key)).Where(match => match.Success).Select(match => match.Groups["service"].Value)];
        foreach (var service in services.Distinct())
        {
            text.Append(CultureInfo.InvariantCulture, $"service {service} {{\n");
            foreach (var (key, value) in settings)
                if (ServicePattern().Match(key) is { Success: true } match && match.Groups["service"].Value == service) text.Append(CultureInfo.InvariantCulture, $"  {match.Groups["setting"].Value} = {value}\n");
            if (service == $"{protocol}-login") text.Append(CultureInfo.InvariantCulture, $"  inet_listener {protocol} {{\n    port = {doors.Users.Port}\n  }}\n  inet_listener {protocol}s {{\n    port = 0\n  }}\n");
            if (service == "lmtp") text.Append(CultureInfo.InvariantCulture, $"  inet_listener lmtp {{\n    address = {doors.Lmtp.Address}\n    port = {doors.Lmtp.Port}\n  }}\n");
            text.Append("}\n");
        }

        return text.ToString();
    }

    [GeneratedRegex(@"\A(?<service>pop3|imap|lmtp|pop3-login|imap-login|auth|anvil|stats)-(?<setting>service_count|client_limit|process_limit|process_min_avail|vsz_limit)\z", RegexOptions.CultureInvariant)]
    private static partial Regex ServicePattern();

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9 ._:-]*\z", RegexOptions.CultureInvariant)]
    private static partial Regex ValuePattern();
}
