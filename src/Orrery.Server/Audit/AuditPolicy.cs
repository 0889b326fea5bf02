using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery;
using Orrery.Server.Authentication;
using Orrery.Server.Requests;

namespace Orrery.Server.Audit;

/// <summary>Which requests are recorded, and how fully: Kubernetes' audit policy (<c>audit.k8s.io/v1</c>).</summary>
public sealed class AuditPolicy
{
    private readonly IReadOnlyList<AuditRule> rules;

    private AuditPolicy(IReadOnlyList<AuditRule> rules)
    {
        this.rules = rules;
    }

    /// <param name="yaml">YAML or JSON.</param>
    /// <exception cref="FormatException">Names the field and what it may be.</exception>
    public static AuditPolicy Parse(string yaml)
    {
        if (YamlJson.Parse(yaml) is not JsonObject json || json.Kind != "Policy" || json.ApiVersion != "audit.k8s.io/v1")
        {
            throw new FormatException("want kind Policy of audit.k8s.io/v1");
        }

        RequireOnly(json, "", "apiVersion", "kind", "metadata", "rules", "omitStages", "omitManagedFields");
        IReadOnlySet<AuditStage> omitted = Stages(json["omitStages"], "omitStages");
        bool omitsManaged = json.FlagAt("omitManagedFields") ?? false;
        return json["rules"] is JsonArray { Count: > 0 } list
            ? new AuditPolicy([.. list.Select((rule, i) => Rule(rule as JsonObject ?? throw new FormatException($"rules[{i}]: want an object"), $"rules[{i}]", omitted, omitsManaged))])
            : throw new FormatException("rules: want at least one");
    }

    /// <summary>The first rule that matches decides; without one nothing is recorded.</summary>
    internal AuditDecision Decide(RequestInfo info, UserInfo? user)
    {
        foreach (AuditRule rule in rules)
        {
            if (rule.Matches(info, user))
            {
                return rule.Decision;
            }
        }

        return AuditDecision.Nothing;
    }

    private static AuditRule Rule(JsonObject json, string at, IReadOnlySet<AuditStage> omitted, bool omitsManaged)
    {
        RequireOnly(json, at, "level", "users", "userGroups", "verbs", "resources", "namespaces", "nonResourceURLs", "omitStages", "omitManagedFields");
        string level = json.TextAt("level") ?? "";
        var rule = new AuditRule
        {
            Decision = new AuditDecision(
                Enum.TryParse(level, out AuditLevel known) && Enum.GetName(known) == level ? known : throw new FormatException($"{at}.level: \"{level}\" is not one of None, Metadata, Request, RequestResponse"),
                Stages(json["omitStages"], $"{at}.omitStages").Union(omitted).ToHashSet(),
                json.FlagAt("omitManagedFields") ?? omitsManaged),
            Users = Texts(json["users"], $"{at}.users"),
            UserGroups = Texts(json["userGroups"], $"{at}.userGroups"),
            Verbs = Texts(json["verbs"], $"{at}.verbs"),
            Namespaces = Texts(json["namespaces"], $"{at}.namespaces"),
            NonResourceUrls = Texts(json["nonResourceURLs"], $"{at}.nonResourceURLs"),
            Resources = [.. (json["resources"] as JsonArray ?? []).Select((r, i) => Resources(r as JsonObject ?? throw new FormatException($"{at}.resources[{i}]: want an object"), $"{at}.resources[{i}]"))],
        };
        if (rule.NonResourceUrls.Count > 0 && (rule.Resources.Count > 0 || rule.Namespaces.Count > 0))
        {
            throw new FormatException($"{at}.nonResourceURLs: rules cannot apply to both regular resources and non-resource URLs");
        }

        return rule.NonResourceUrls.FirstOrDefault(url => url != "*" && (!url.StartsWith('/') || url.IndexOf('*', StringComparison.Ordinal) is >= 0 and int star && star < url.Length - 1)) is { } bad
            ? throw new FormatException($"{at}.nonResourceURLs: \"{bad}\": want a path, with '*' at its end at most")
            : rule;
    }

    private static AuditResources Resources(JsonObject json, string at)
    {
        RequireOnly(json, at, "group", "resources", "resourceNames");
        var resources = new AuditResources(json.TextAt("group") ?? "", Texts(json["resources"], $"{at}.resources"), Texts(json["resourceNames"], $"{at}.resourceNames"));
        return resources.Names.Count > 0 && resources.Resources.Count == 0
            ? throw new FormatException($"{at}.resourceNames: using resourceNames requires at least one resource")
            : resources.Group.Contains('/', StringComparison.Ordinal) ? throw new FormatException($"{at}.group: want a group without its version") : resources;
    }

    private static HashSet<AuditStage> Stages(JsonNode? node, string at)
    {
        var stages = new HashSet<AuditStage>();
        foreach (string text in Texts(node, at))
        {
            stages.Add(Enum.TryParse(text, out AuditStage stage) && Enum.GetName(stage) == text
                ? stage
                : throw new FormatException($"{at}: \"{text}\" is not one of RequestReceived, ResponseStarted, ResponseComplete, Panic"));
        }

        return stages;
    }

    private static IReadOnlyList<string> Texts(JsonNode? node, string at) => node switch
    {
        null => [],
        JsonArray list when list.All(n => n is JsonValue v && v.TryGetValue(out string? _)) => [.. list.Select(n => n!.GetValue<string>())],
        _ => throw new FormatException($"{at}: want a list of texts"),
    };

    private static void RequireOnly(JsonObject json, string at, params string[] known)
    {
        if (json.FirstOrDefault(m => !known.Contains(m.Key)) is { Key: { } unknown })
        {
            throw new FormatException($"{(at.Length == 0 ? "" : at + ".")}{unknown}: no such field");
        }
    }
}
