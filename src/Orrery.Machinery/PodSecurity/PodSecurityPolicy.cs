using System.Globalization;
using Orrery.Api;

namespace Orrery.Machinery.PodSecurity;

/// <summary>How much a pod may ask of its node, least strict first.</summary>
public enum PodSecurityLevel
{
    Privileged,
    Baseline,
    Restricted,
}

/// <summary>A level of the Pod Security Standards as some version of Kubernetes defines it.</summary>
/// <param name="Minor">The N of v1.N; <see cref="Latest"/> for the newest.</param>
public sealed record PodSecurityPolicy(PodSecurityLevel Level, int Minor)
{
    public const int Latest = int.MaxValue;

    public static readonly PodSecurityPolicy Privileged = new(PodSecurityLevel.Privileged, Latest);

    public bool IsPrivileged => Level == PodSecurityLevel.Privileged;

    public static bool TryReadLevel(string text, out PodSecurityLevel level)
    {
        level = text switch { "baseline" => PodSecurityLevel.Baseline, "restricted" => PodSecurityLevel.Restricted, _ => PodSecurityLevel.Privileged };
        return text is "privileged" or "baseline" or "restricted";
    }

    /// <param name="minor">The newest where the text makes no sense.</param>
    public static bool TryReadVersion(string text, out int minor)
    {
        minor = Latest;
        if (text == "latest")
        {
            return true;
        }

        if (text.StartsWith("v1.", StringComparison.Ordinal) && text[3..] is "0" or [>= '1' and <= '9', ..]
            && int.TryParse(text.AsSpan(3), NumberStyles.None, CultureInfo.InvariantCulture, out int read))
        {
            minor = read;
            return true;
        }

        return false;
    }

    /// <summary><c>restricted:latest</c>.</summary>
    public override string ToString() => $"{Level.ToString().ToLowerInvariant()}:{(Minor == Latest ? "latest" : "v1." + Minor.ToString(CultureInfo.InvariantCulture))}";
}

/// <summary>What a namespace's <c>pod-security.kubernetes.io/…</c> labels say. Upstream: pod-security-admission <c>api/helpers.go</c>.</summary>
/// <param name="Enforce">Pods that break it are refused.</param>
/// <param name="Audit">Pods that break it are noted in the audit log.</param>
/// <param name="Warn">Whoever makes pods that break it is warned.</param>
public sealed record NamespacePodSecurity(PodSecurityPolicy Enforce, PodSecurityPolicy Audit, PodSecurityPolicy Warn)
{
    private const string Prefix = "pod-security.kubernetes.io/";

    /// <summary>What holds where nobody says anything.</summary>
    public static readonly NamespacePodSecurity None = new(PodSecurityPolicy.Privileged, PodSecurityPolicy.Privileged, PodSecurityPolicy.Privileged);

    public bool IsPrivileged => Enforce.IsPrivileged && Audit.IsPrivileged && Warn.IsPrivileged;

    /// <param name="defaults">Stand for each label that is not there.</param>
    /// <param name="faults">Labels that cannot be read. To enforce, such a label counts as the strictest; for the others as none.</param>
    public static NamespacePodSecurity Read(IReadOnlyDictionary<string, string> labels, NamespacePodSecurity defaults, out IReadOnlyList<FieldError> faults)
    {
        faults = [];
        if (!labels.Keys.Any(k => k.StartsWith(Prefix, StringComparison.Ordinal)))
        {
            return defaults;
        }

        var found = new List<FieldError>();
        faults = found;
        PodSecurityPolicy enforce = Read(labels, "enforce", PodSecurityLevel.Restricted, defaults.Enforce, found);
        bool warns = labels.ContainsKey(Prefix + "warn");
        PodSecurityPolicy audit = Read(labels, "audit", PodSecurityLevel.Privileged, defaults.Audit, found);
        PodSecurityPolicy warn = Read(labels, "warn", PodSecurityLevel.Privileged, defaults.Warn, found);

        // Who is to be refused pods is warned of the templates that will make them.
        return new NamespacePodSecurity(enforce, audit, !warns && enforce.Level > warn.Level ? enforce : warn);
    }

    /// <summary>Whether labels say anything of a mode themselves.</summary>
    /// <param name="mode">enforce, audit or warn.</param>
    public static bool Says(IReadOnlyDictionary<string, string> labels, string mode) => labels.ContainsKey(Prefix + mode) || labels.ContainsKey($"{Prefix}{mode}-version");

    private static PodSecurityPolicy Read(IReadOnlyDictionary<string, string> labels, string mode, PodSecurityLevel onFault, PodSecurityPolicy standard, List<FieldError> faults)
    {
        PodSecurityLevel level = standard.Level;
        if (labels.TryGetValue(Prefix + mode, out string? said) && !PodSecurityPolicy.TryReadLevel(said, out level))
        {
            level = onFault;
            faults.Add(FieldError.Invalid($"metadata.labels[{Prefix}{mode}]", said, "must be one of privileged, baseline, restricted"));
        }

        int minor = standard.Minor;
        if (labels.TryGetValue($"{Prefix}{mode}-version", out string? version) && !PodSecurityPolicy.TryReadVersion(version, out minor))
        {
            faults.Add(FieldError.Invalid($"metadata.labels[{Prefix}{mode}-version]", version, "must be \"latest\" or \"v1.x\""));
        }

        return new PodSecurityPolicy(level, minor);
    }
}
