using System.Text.RegularExpressions;
using Orrery.Helm.Go;
using Orrery.Helm.Yaml;

namespace Orrery.Helm.Charts;

/// <summary>Cuts rendered files into documents, tells hooks from manifests, and puts both in Helm's install order.</summary>
internal static partial class ManifestOrder
{
    private static readonly string[] InstallOrder =
    [
        "PriorityClass", "Namespace", "NetworkPolicy", "ResourceQuota", "LimitRange", "PodSecurityPolicy", "PodDisruptionBudget", "ServiceAccount", "Secret", "SecretList",
        "ConfigMap", "StorageClass", "PersistentVolume", "PersistentVolumeClaim", "CustomResourceDefinition", "ClusterRole", "ClusterRoleList", "ClusterRoleBinding",
        "ClusterRoleBindingList", "Role", "RoleList", "RoleBinding", "RoleBindingList", "Service", "DaemonSet", "Pod", "ReplicationController", "ReplicaSet", "Deployment",
        "HorizontalPodAutoscaler", "StatefulSet", "Job", "CronJob", "IngressClass", "Ingress", "APIService", "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration",
    ];

    public static List<Manifest> Sort(IEnumerable<KeyValuePair<string, string>> files)
    {
        var all = new List<Manifest>();
        foreach ((string path, string content) in files.OrderBy(f => f.Key, StringComparer.Ordinal))
        {
            string trimmed = Trim(content);
            all.AddRange(Separator().Split(trimmed).Select(Trim).Where(d => d.Length > 0).Select(d => Read(path, d)));
        }

        IEnumerable<Manifest> Ordered(IEnumerable<Manifest> some) => some.OrderBy(m => Rank(m.Kind)).ThenBy(m => Rank(m.Kind) == int.MaxValue ? m.Kind : "", StringComparer.Ordinal);
        return [.. Ordered(all.Where(m => m.HookEvents.Count == 0)), .. Ordered(all.Where(m => m.HookEvents.Count > 0))];
    }

    private static string Trim(string s) => s.Trim(' ', '\t', '\n', '\r', '\v', '\f');

    private static int Rank(string kind) => Array.IndexOf(InstallOrder, kind) is >= 0 and var rank ? rank : int.MaxValue;

    private static Manifest Read(string path, string document)
    {
        GoMap? head;
        try
        {
            head = YamlReader.Read(document) as GoMap;
        }
        catch (GoException e)
        {
            throw new ChartException("manifests", $"YAML parse error on {path}: {e.Message}");
        }

        var metadata = head?["metadata"] as GoMap;
        var annotations = metadata?["annotations"] as GoMap;
        string events = annotations?["helm.sh/hook"] as string ?? "";
        _ = int.TryParse(annotations?["helm.sh/hook-weight"] as string, System.Globalization.CultureInfo.InvariantCulture, out int weight);
        return new Manifest(Utf8.ToText(path), Utf8.ToText(document), head?["kind"] as string ?? "", metadata?["name"] as string ?? "",
            [.. events.Split(',').Select(e => e.Trim().ToLowerInvariant()).Where(e => e.Length > 0)], weight);
    }

    [GeneratedRegex(@"(?:^|\s*\n)---\s*")]
    private static partial Regex Separator();
}
