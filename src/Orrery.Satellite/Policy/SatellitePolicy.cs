using System.Text.RegularExpressions;
using Orrery.Api;
using Orrery.Api.Kinds;

namespace Orrery.Satellite.Policy;

/// <summary>
/// What the owner of a cluster lets its satellite do, beside what RBAC does: the ConfigMap <c>orrery-system/satellite-policy</c>. Without it nothing
/// is held back; one that cannot be read holds everything back. Pure.
/// </summary>
internal sealed partial record SatellitePolicy
{
    private const string ModeKey = "mode";
    private const string NamespacesKey = "namespaces";
    private const string KindsKey = "kinds";
    private const string DeniedKindsKey = "deniedKinds";
    private const string LogsKey = "logs";
    private const string ExecKey = "exec";
    private const string PortForwardKey = "portForward";
    private const string ProxyKey = "proxy";
    public const string RemoveOfKey = "removeOf";

    private static readonly string[] Keys = [ModeKey, NamespacesKey, KindsKey, DeniedKindsKey, LogsKey, ExecKey, PortForwardKey, ProxyKey, RemoveOfKey];

    /// <summary>Why the control plane changes nothing there, whatever the policy says.</summary>
    private const string OwnNamespace = $"namespace {JoinNames.SystemNamespace} is the satellite's own, and its owner's";

    public static SatellitePolicy Open { get; } = new();

    public PolicyMode Mode { get; init; }

    /// <summary>Patterns of namespaces in which things may change; empty allows all.</summary>
    public IReadOnlyList<string> Namespaces { get; init; } = [];

    /// <summary>Kinds, as <c>Deployment.apps</c> or <c>Secret</c>, that may be applied; empty allows all.</summary>
    public IReadOnlyList<string> Kinds { get; init; } = [];

    /// <summary>Kinds that may not be applied; with a pattern of namespaces after a slash, as <c>NetworkPolicy.networking.k8s.io/acme-*</c>, not in those.</summary>
    public IReadOnlyList<string> DeniedKinds { get; init; } = [];

    public bool Logs { get; init; } = true;

    /// <summary>Also <c>attach</c> and <c>cp</c>, which are made of it.</summary>
    public bool Exec { get; init; } = true;

    public bool PortForward { get; init; } = true;

    /// <summary>Whether operators of the control plane may ask the cluster's API itself.</summary>
    public bool Proxy { get; init; } = true;

    /// <summary>Uids of other control planes of which what they left goes, and <see cref="ServedControlPlane.Unmarked"/> for what names none.</summary>
    public IReadOnlyList<string> RemoveOf { get; init; } = [];

    /// <summary>Why the ConfigMap could not be read; null when it could.</summary>
    public string? Fault { get; init; }

    /// <param name="configMap">Null when there is none.</param>
    public static SatellitePolicy Of(KubeObject? configMap)
    {
        if (configMap is null)
        {
            return Open;
        }

        try
        {
            Dictionary<string, string> data = configMap.At("data") is { ValueKind: System.Text.Json.JsonValueKind.Object } json
                ? json.EnumerateObject().ToDictionary(m => m.Name, m => (m.Value.GetString() ?? "").Trim(), StringComparer.Ordinal) : [];
            if (data.Keys.FirstOrDefault(k => !Keys.Contains(k)) is { } unknown)
            {
                throw new FormatException($"data.{unknown}: unknown; known are {string.Join(", ", Keys)}");
            }

            return new SatellitePolicy
            {
                Mode = !data.TryGetValue(ModeKey, out string? mode) ? PolicyMode.Enabled
                    : Enum.TryParse(mode, out PolicyMode known) && Enum.IsDefined(known) && !char.IsDigit(mode[0]) ? known
                    : throw new FormatException($"data.{ModeKey}: \"{mode}\" is none of {string.Join(", ", Enum.GetNames<PolicyMode>())}"),
                Namespaces = List(data, NamespacesKey, NamespacePattern()),
                Kinds = KindList(data, KindsKey, KindName()),
                DeniedKinds = KindList(data, DeniedKindsKey, KindInNamespaces()),
                Logs = Flag(data, LogsKey),
                Exec = Flag(data, ExecKey),
                PortForward = Flag(data, PortForwardKey),
                Proxy = Flag(data, ProxyKey),
                RemoveOf = List(data, RemoveOfKey, ControlPlaneName()),
            };
        }
        catch (FormatException e)
        {
            // What its owner meant is not known, so nothing that it might have forbidden is done.
            return Closed(e.Message);
        }
    }

    /// <summary>What holds while nobody can tell what the owner wants: nothing is done.</summary>
    public static SatellitePolicy Closed(string fault) =>
        new() { Mode = PolicyMode.ReadOnly, Logs = false, Exec = false, PortForward = false, Proxy = false, Fault = fault };

    /// <summary>Whether an object may be made, changed or deleted.</summary>
    /// <param name="ns">Empty for one of no namespace; of a Namespace its own name.</param>
    /// <returns>Why not; null when it may.</returns>
    public string? Denies(GroupKind kind, string ns)
    {
        if (Mode != PolicyMode.Enabled)
        {
            return Fault is null ? $"mode is {Mode}" : $"the policy cannot be read: {Fault}";
        }

        if (ns == JoinNames.SystemNamespace)
        {
            return OwnNamespace;
        }

        if (Namespaces.Count > 0 && !Namespaces.Any(p => Matches(p, ns)))
        {
            return ns.Length == 0 ? "objects of no namespace are not among the allowed ones" : $"namespace {ns} is not among the allowed ones";
        }

        // A namespace is only what holds the rest.
        string name = kind.Group.Length == 0 ? kind.Kind : $"{kind.Kind}.{kind.Group}";
        bool isHolder = kind is { Group: "", Kind: "Namespace" };
        return DeniedKinds.Contains(name, StringComparer.Ordinal) ? $"kind {name} is denied"
            : DeniedKinds.Any(d => d.StartsWith(name + "/", StringComparison.Ordinal) && Matches(d[(name.Length + 1)..], ns)) ? $"kind {name} is denied in namespace {ns}"
            : !isHolder && Kinds.Count > 0 && !Kinds.Contains(name, StringComparer.Ordinal) ? $"kind {name} is not among the allowed ones"
            : null;
    }

    /// <summary>Whether a pod may be asked, by its subresource (<c>log</c>, <c>exec</c>, <c>attach</c>, <c>portforward</c>, <c>proxy</c>).</summary>
    /// <returns>Why not; null when it may.</returns>
    public string? DeniesPod(string subresource, string ns)
    {
        if (Mode == PolicyMode.Disabled || (Mode == PolicyMode.ReadOnly && subresource != "log"))
        {
            return Fault is null ? $"mode is {Mode}" : $"the policy cannot be read: {Fault}";
        }

        bool allowed = subresource switch { "log" => Logs, "exec" or "attach" => Exec, _ => PortForward };
        return !allowed ? $"{subresource} is switched off" : Namespaces.Count > 0 && !Namespaces.Any(p => Matches(p, ns)) ? $"namespace {ns} is not among the allowed ones" : null;
    }

    /// <summary>
    /// Whether operators may ask the cluster's API itself for something. Of what they could not ask for in another way they get no more by this one: logs, programs and ports are held back here too, and the
    /// satellite's own namespace, in which this policy, the record and its key are, is its owner's to change.
    /// </summary>
    /// <returns>Why not; null when it may.</returns>
    public string? DeniesProxy(string method, ApiTarget target, bool isStream)
    {
        bool isRead = !isStream && method is "GET" or "HEAD";
        return !Proxy || Mode == PolicyMode.Disabled ? Fault is null ? "proxy is switched off" : $"the policy cannot be read: {Fault}"
            : Namespaces.Count > 0 || Kinds.Count > 0 || DeniedKinds.Count > 0 ? "namespaces or kinds are narrowed, and the cluster's API knows more of them"
            : Mode != PolicyMode.Enabled && !isRead ? $"mode is {Mode}"
            : isStream && !(Exec && PortForward) ? "exec or portForward is switched off"
            : target.Namespace == JoinNames.SystemNamespace && (!isRead || IsSecrets(target)) ? OwnNamespace
            : target.Group.Length > 0 ? null
            : target switch
            {
                { Resource: "pods", Subresource: "log" or "exec" or "attach" or "portforward" or "proxy" } => DeniesPod(target.Subresource, target.Namespace),
                { Resource: "pods", Subresource: "ephemeralcontainers" } when !isRead => DeniesPod("exec", target.Namespace),
                { Resource: "services", Subresource: "proxy" } => DeniesPod("proxy", target.Namespace),

                // A kubelet's own API has all of these.
                { Resource: "nodes", Subresource: "proxy" } => DeniesPod("log", "") ?? DeniesPod("exec", "") ?? DeniesPod("proxy", ""),
                _ => null,
            };
    }

    /// <summary>Whether an answer would show the satellite's own Secrets among those of all namespaces.</summary>
    public static bool ShowsOwnSecrets(ApiTarget target) => IsSecrets(target) && target.Namespace.Length == 0;

    /// <summary>What is held back, for people; empty when nothing is.</summary>
    public string Summary => string.Join("; ", new[]
    {
        Fault is null ? "" : $"everything, as the policy cannot be read ({Fault})",
        Fault is not null || Mode == PolicyMode.Enabled ? "" : $"mode {Mode}",
        Namespaces.Count == 0 ? "" : $"only namespaces {string.Join(", ", Namespaces)}",
        Kinds.Count == 0 ? "" : $"only kinds {string.Join(", ", Kinds)}",
        DeniedKinds.Count == 0 ? "" : $"no {string.Join(", ", DeniedKinds)}",
        Fault is not null || Logs ? "" : "no logs",
        Fault is not null || Exec ? "" : "no exec",
        Fault is not null || PortForward ? "" : "no port-forward",
        Fault is not null || Proxy ? "" : "no proxy",
    }.Where(p => p.Length > 0));

    private static bool IsSecrets(ApiTarget target) => target is { Group: "", Resource: "secrets" };

    private static bool Matches(string pattern, string ns) =>
        pattern.EndsWith('*') ? ns.Length > 0 && ns.StartsWith(pattern[..^1], StringComparison.Ordinal) : ns == pattern;

    private static bool Flag(Dictionary<string, string> data, string key) => !data.TryGetValue(key, out string? text) || text switch
    {
        "true" => true,
        "false" => false,
        _ => throw new FormatException($"data.{key}: \"{text}\" is neither true nor false"),
    };

    private static string[] List(Dictionary<string, string> data, string key, Regex form)
    {
        string[] items = data.TryGetValue(key, out string? text) ? text.Split([',', '\n', ' '], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) : [];
        return items.FirstOrDefault(i => !form.IsMatch(i)) is { } bad ? throw new FormatException($"data.{key}: \"{bad}\" does not match {form}")
            : data.ContainsKey(key) && items.Length == 0 ? throw new FormatException($"data.{key}: is empty; leave it out to allow all")
            : items;
    }

    private static string[] KindList(Dictionary<string, string> data, string key, Regex form)
    {
        string[] items = List(data, key, form);
        return items.Select(i => SettledKinds.Fault(i.Split('/')[0])).FirstOrDefault(f => f is not null) is { } fault ? throw new FormatException($"data.{key}: {fault}") : items;
    }

    [GeneratedRegex(@"^(\*|[a-z0-9]([-a-z0-9]*\*?|[-a-z0-9]*[a-z0-9]))$")]
    private static partial Regex NamespacePattern();

    [GeneratedRegex("^([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|unmarked)$")]
    private static partial Regex ControlPlaneName();

    [GeneratedRegex(@"^[A-Z][A-Za-z0-9]*(\.[a-z0-9][-a-z0-9.]*)?$")]
    private static partial Regex KindName();

    [GeneratedRegex(@"^[A-Z][A-Za-z0-9]*(\.[a-z0-9][-a-z0-9.]*)?(/(\*|[a-z0-9]([-a-z0-9]*\*?|[-a-z0-9]*[a-z0-9])))?$")]
    private static partial Regex KindInNamespaces();
}
