using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Satellite.Reporting;

/// <summary>What the cluster lets its satellite do, of all that it may need: asked of the cluster itself, before anything is missed.</summary>
internal sealed class ClusterRights(SatelliteContext context)
{
    /// <summary>Rights hold cluster-wide, or for this namespace alone, which there is not.</summary>
    private const string Nowhere = "orrery-rights-everywhere";

    /// <summary>In looks at whether the cluster answers. While something is missing it is asked at each: whoever gives the right waits for what comes of it.</summary>
    private const int LooksBetween = 6;

    private static readonly GroupVersionResource RulesReviews = new("authorization.k8s.io", "v1", "selfsubjectrulesreviews");
    private static readonly GroupVersionResource AccessReviews = new("authorization.k8s.io", "v1", "selfsubjectaccessreviews");

    private IReadOnlyList<AccessRight>? missing;
    private int looksLeft;

    /// <summary>Whether what is missing was asked right by right, as the cluster does not list all that it grants: too much to be asked at each look.</summary>
    private bool wasLong;
    private volatile bool isDoubtful;

    /// <summary>What is known is to be asked anew.</summary>
    public bool IsDoubtful => isDoubtful;

    /// <summary>All that the cluster's rules say, in an order of its own: once it is another, the satellite may do more, or less. Empty while that was not told.</summary>
    public string Rules { get; private set; } = "";

    /// <summary>Something was refused: what is known is asked anew.</summary>
    public void Doubt() => isDoubtful = true;

    /// <summary>The rights that the satellite lacks, as last asked; null when the cluster does not tell.</summary>
    /// <exception cref="HttpRequestException">The cluster is away.</exception>
    public async Task<IReadOnlyList<AccessRight>?> MissingAsync(CancellationToken cancellationToken)
    {
        if (looksLeft-- > 0 && !isDoubtful)
        {
            return missing;
        }

        isDoubtful = false;
        try
        {
            missing = await AskAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (StatusException e) when (e.Code is 403 or 404 or 405)
        {
            // It answers, and does not tell.
            missing = null;
        }
        catch (StatusException)
        {
            // It has no time for it now, say: what is known holds until it was asked once more.
            isDoubtful = true;
            return missing;
        }

        looksLeft = missing is { Count: > 0 } && !wasLong ? 0 : LooksBetween;
        return missing;
    }

    /// <summary>As an owner would name them, such as <c>list, watch namespaces; create pods/exec</c>.</summary>
    public static string Describe(IEnumerable<AccessRight> rights) => string.Join("; ", rights.Select(r =>
        $"{string.Join(", ", r.Verbs)} {string.Join(", ", r.Resources.Select(n => r.Group.Length == 0 ? n : $"{n}.{r.Group}"))}"));

    /// <summary>What of <paramref name="wanted"/> no rule grants: resources that lack the same verbs together, in the order in which they are wanted.</summary>
    internal static IReadOnlyList<AccessRight> Beyond(IReadOnlyList<AccessRight> granted, IEnumerable<AccessRight> wanted) =>
    [
        .. from right in wanted
           from resource in right.Resources
           let verbs = right.Verbs.Where(v => !granted.Any(g => Holds(g, right.Group, resource, v))).ToArray()
           where verbs.Length > 0
           group resource by (right.Group, Verbs: string.Join(' ', verbs)) into same
           select new AccessRight(same.Key.Group, [.. same], same.Key.Verbs.Split(' ')),
    ];

    /// <summary>Rules of a SelfSubjectRulesReview that hold for objects of every name.</summary>
    internal static IReadOnlyList<AccessRight> Granted(KubeObject review) =>
    [
        .. from rule in Items(review.At("status", "resourceRules"))
           where Texts(rule, "resourceNames").Count == 0
           from resourceGroup in Texts(rule, "apiGroups")
           select new AccessRight(resourceGroup, Texts(rule, "resources"), Texts(rule, "verbs")),
    ];

    private async Task<IReadOnlyList<AccessRight>> AskAsync(CancellationToken cancellationToken)
    {
        KubeObject review = await ReviewAsync(RulesReviews, "SelfSubjectRulesReview", new JsonObject { ["namespace"] = Nowhere }, cancellationToken).ConfigureAwait(false);
        Rules = string.Join('\n', Items(review.At("status", "resourceRules")).Select(r => r.GetRawText()).Order(StringComparer.Ordinal));
        IReadOnlyList<AccessRight> beyond = Beyond(Granted(review), [.. SatelliteRights.Workloads, .. SatelliteRights.Pods]);
        wasLong = beyond.Count > 0 && review.At("status", "incomplete") is { ValueKind: JsonValueKind.True };
        if (!wasLong)
        {
            return beyond;
        }

        // Not all who grant rights there can list them (webhooks): what is not listed is asked one by one.
        List<AccessRight> denied = [];
        foreach (AccessRight right in beyond)
        {
            foreach (string resource in right.Resources)
            {
                foreach (string verb in right.Verbs)
                {
                    if (!await IsAllowedAsync(right.Group, resource, verb, cancellationToken).ConfigureAwait(false))
                    {
                        denied.Add(new AccessRight(right.Group, [resource], [verb]));
                    }
                }
            }
        }

        return Beyond([], denied.GroupBy(d => (d.Group, Resource: d.Resources[0])).Select(g => new AccessRight(g.Key.Group, [g.Key.Resource], [.. g.Select(d => d.Verbs[0])])));
    }

    private async Task<bool> IsAllowedAsync(string group, string resource, string verb, CancellationToken cancellationToken)
    {
        string[] path = resource.Split('/', 2);
        var attributes = new JsonObject { ["group"] = group, ["resource"] = path[0], ["verb"] = verb };
        if (path.Length > 1)
        {
            attributes["subresource"] = path[1];
        }

        KubeObject review = await ReviewAsync(AccessReviews, "SelfSubjectAccessReview", new JsonObject { ["resourceAttributes"] = attributes }, cancellationToken).ConfigureAwait(false);
        return review.At("status", "allowed") is { ValueKind: JsonValueKind.True };
    }

    private Task<KubeObject> ReviewAsync(GroupVersionResource resource, string kind, JsonObject spec, CancellationToken cancellationToken) => context.Cluster.CreateAsync(
        resource, "", new JsonObject { ["apiVersion"] = resource.ApiVersion, ["kind"] = kind, ["spec"] = spec }, cancellationToken);

    private static bool Holds(AccessRight granted, string group, string resource, string verb) =>
        (granted.Group == "*" || granted.Group == group)
        && (granted.Verbs.Contains("*") || granted.Verbs.Contains(verb))
        && granted.Resources.Any(r => r == "*" || r == resource || (r.StartsWith("*/", StringComparison.Ordinal) && resource.EndsWith(r[1..], StringComparison.Ordinal)));

    private static IEnumerable<JsonElement> Items(JsonElement? list) => list is { ValueKind: JsonValueKind.Array } found ? found.EnumerateArray() : [];

    private static List<string> Texts(JsonElement rule, string member) =>
        rule.TryGetProperty(member, out JsonElement list) && list.ValueKind == JsonValueKind.Array ? [.. list.EnumerateArray().Select(i => i.GetString() ?? "")] : [];
}
