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
    private static readonly NamespacePodSecurity None = new(PodSecurityPolicy.Privileged, PodSecurityPolicy.Privileged, PodSecurityPolicy.Privileged);

    public bool IsPrivileged => Enforce.IsPrivileged && Audit.IsPrivileged && Warn.IsPrivileged;

    /// <param name="faults">Labels that cannot be read. To enforce, such a label counts as the strictest; for the others as none.</param>
    public static NamespacePodSecurity Read(IReadOnlyDictionary<string, string> labels, out IReadOnlyList<FieldError> faults)
    {
        faults = [];
        if (!labels.Keys.Any(k => k.StartsWith(Prefix, StringComparison.Ordinal)))
        {
            return None;
        }

        var found = new List<FieldError>();
        faults = found;
        PodSecurityPolicy enforce = Read(labels, "enforce", PodSecurityLevel.Restricted, found);
        bool warns = labels.ContainsKey(Prefix + "warn");
        PodSecurityPolicy audit = Read(labels, "audit", PodSecurityLevel.Privileged, found);
        PodSecurityPolicy warn = Read(labels, "warn", PodSecurityLevel.Privileged, found);

        // Who is to be refused pods is warned of the templates that will make them.
        return new NamespacePodSecurity(enforce, audit, !warns && enforce.Level > PodSecurityLevel.Privileged ? enforce : warn);
    }

    private static PodSecurityPolicy Read(IReadOnlyDictionary<string, string> labels, string mode, PodSecurityLevel onFault, List<FieldError> faults)
    {
        PodSecurityLevel level = PodSecurityLevel.Privileged;
        if (labels.TryGetValue(Prefix + mode, out string? said))
        {
            level = said switch { "privileged" => PodSecurityLevel.Privileged, "baseline" => PodSecurityLevel.Baseline, "restricted" => PodSecurityLevel.Restricted, _ => onFault };
            if (said is not ("privileged" or "baseline" or "restricted"))
            {
                faults.Add(FieldError.Invalid($"metadata.labels[{Prefix}{mode}]", said, "must be one of privileged, baseline, restricted"));
            }
        }

        int minor = PodSecurityPolicy.Latest;
        if (labels.TryGetValue($"{Prefix}{mode}-version", out string? version) && !TryReadVersion(version, out minor))
        {
            faults.Add(FieldError.Invalid($"metadata.labels[{Prefix}{mode}-version]", version, "must be \"latest\" or \"v1.x\""));
        }

        return new PodSecurityPolicy(level, minor);
    }

    private static bool TryReadVersion(string text, out int minor)
    {
        minor = PodSecurityPolicy.Latest;
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
}
