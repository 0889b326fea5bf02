using System.Collections.Frozen;
using Orrery.Machinery.PodSecurity;
using Orrery.Server.Configuration;

namespace Orrery.Server.Admission.PodSecurity;

/// <summary>What an operator says of Pod Security for a whole server: a PodSecurityConfiguration (<c>pod-security.admission.config.k8s.io</c>).</summary>
internal sealed record PodSecurityConfiguration
{
    public static readonly PodSecurityConfiguration None = new();

    /// <summary>Holds in namespaces whose labels do not say.</summary>
    public NamespacePodSecurity Defaults { get; private init; } = NamespacePodSecurity.None;

    /// <summary>Users who are not held to anything.</summary>
    public IReadOnlySet<string> Users { get; private init; } = FrozenSet<string>.Empty;

    public IReadOnlySet<string> RuntimeClasses { get; private init; } = FrozenSet<string>.Empty;

    public IReadOnlySet<string> Namespaces { get; private init; } = FrozenSet<string>.Empty;

    /// <exception cref="FormatException">Names the field and what it may be.</exception>
    public static PodSecurityConfiguration Read(ConfigurationFields fields)
    {
        fields.RequireOnly("apiVersion", "kind", "defaults", "exemptions");
        ConfigurationFields defaults = fields.Child("defaults") ?? new([], fields.Path("defaults")), exemptions = fields.Child("exemptions") ?? new([], fields.Path("exemptions"));
        defaults.RequireOnly("enforce", "enforce-version", "audit", "audit-version", "warn", "warn-version");
        exemptions.RequireOnly("usernames", "runtimeClasses", "namespaces");
        return new PodSecurityConfiguration
        {
            Defaults = new NamespacePodSecurity(Policy(defaults, "enforce"), Policy(defaults, "audit"), Policy(defaults, "warn")),
            Users = Names(exemptions, "usernames"),
            RuntimeClasses = Names(exemptions, "runtimeClasses"),
            Namespaces = Names(exemptions, "namespaces"),
        };
    }

    private static PodSecurityPolicy Policy(ConfigurationFields fields, string mode)
    {
        string said = fields.Text(mode) is { Length: > 0 } text ? text : "privileged", version = fields.Text(mode + "-version") is { Length: > 0 } number ? number : "latest";
        return !PodSecurityPolicy.TryReadLevel(said, out PodSecurityLevel level) ? throw new FormatException($"{fields.Path(mode)}: Invalid value: \"{said}\": must be one of privileged, baseline, restricted")
            : !PodSecurityPolicy.TryReadVersion(version, out int minor) ? throw new FormatException($"{fields.Path(mode + "-version")}: Invalid value: \"{version}\": must be \"latest\" or \"v1.x\"")
            : new PodSecurityPolicy(level, minor);
    }

    private static FrozenSet<string> Names(ConfigurationFields fields, string name)
    {
        IReadOnlyList<string> names = fields.Texts(name);
        for (int i = 0; i < names.Count; i++)
        {
            if (names[i].Length == 0)
            {
                throw new FormatException($"{fields.Path(name)}[{i}]: Invalid value: \"\": must not be empty");
            }

            if (names.Take(i).Contains(names[i], StringComparer.Ordinal))
            {
                throw new FormatException($"{fields.Path(name)}[{i}]: Duplicate value: \"{names[i]}\"");
            }
        }

        return names.ToFrozenSet(StringComparer.Ordinal);
    }
}
