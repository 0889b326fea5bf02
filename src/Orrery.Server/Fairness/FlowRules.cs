using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Server.Authentication;
using Orrery.Server.Requests;

namespace Orrery.Server.Fairness;

/// <summary>The rules of one FlowSchema, read for matching. Upstream: apiserver <c>pkg/util/flowcontrol/rule.go</c>.</summary>
internal sealed class FlowRules
{
    private const string All = "*";
    private readonly Rule[] rules;

    public FlowRules(JsonObject spec) => rules = [.. Objects(spec, "rules").Select(r => new Rule(
        [.. Objects(r, "subjects").Select(ReadSubject).OfType<Subject>()],
        [.. Objects(r, "resourceRules").Select(o => new ResourceRule(Texts(o, "verbs"), Texts(o, "apiGroups"), Texts(o, "resources"), Texts(o, "namespaces"), o.FlagAt("clusterScope") == true))],
        [.. Objects(r, "nonResourceRules").Select(o => new PathRule(Texts(o, "verbs"), Texts(o, "nonResourceURLs")))]))];

    public bool Match(RequestInfo request, UserInfo user)
    {
        foreach (Rule rule in rules)
        {
            if (rule.Match(request, user))
            {
                return true;
            }
        }

        return false;
    }

    private static IEnumerable<JsonObject> Objects(JsonObject json, string field) => (json[field] as JsonArray ?? []).OfType<JsonObject>();

    private static string[] Texts(JsonObject json, string field) => [.. (json[field] as JsonArray ?? []).Select(t => (string?)t ?? "")];

    private static Subject? ReadSubject(JsonObject json) => json.TextAt("kind") switch
    {
        "User" => new Subject(json.TextAt("user", "name") ?? "", null, null),
        "Group" => new Subject(null, json.TextAt("group", "name") ?? "", null),
        "ServiceAccount" => json.TextAt("serviceAccount", "namespace") is var ns && json.TextAt("serviceAccount", "name") is { } name && name != All
            ? new Subject($"system:serviceaccount:{ns}:{name}", null, null)
            : new Subject(null, null, $"system:serviceaccount:{ns}:"),
        _ => null,
    };

    private static bool Has(string[] list, string value)
    {
        foreach (string one in list)
        {
            if (one == value || one == All)
            {
                return true;
            }
        }

        return false;
    }

    private sealed record Rule(Subject[] Subjects, ResourceRule[] Resources, PathRule[] Paths)
    {
        public bool Match(RequestInfo request, UserInfo user) => MatchSubject(user) && (request.IsResourceRequest ? MatchResource(request) : MatchPath(request));

        private bool MatchSubject(UserInfo user)
        {
            foreach (Subject subject in Subjects)
            {
                if (subject.Match(user))
                {
                    return true;
                }
            }

            return false;
        }

        private bool MatchResource(RequestInfo request)
        {
            foreach (ResourceRule rule in Resources)
            {
                if (rule.Match(request))
                {
                    return true;
                }
            }

            return false;
        }

        private bool MatchPath(RequestInfo request)
        {
            foreach (PathRule rule in Paths)
            {
                if (Has(rule.Verbs, request.Verb) && rule.MatchPath(request.Path))
                {
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>One of the three is not null.</summary>
    /// <param name="Accounts">What the user names of all accounts of a namespace begin with.</param>
    private sealed record Subject(string? User, string? Group, string? Accounts)
    {
        public bool Match(UserInfo user)
        {
            if (User is not null)
            {
                return User == All || User == user.Name;
            }

            if (Accounts is not null)
            {
                return user.Name.StartsWith(Accounts, StringComparison.Ordinal);
            }

            if (Group == All)
            {
                return true;
            }

            for (int i = 0; i < user.Groups.Count; i++)
            {
                if (user.Groups[i] == Group)
                {
                    return true;
                }
            }

            return false;
        }
    }

    private sealed record ResourceRule(string[] Verbs, string[] Groups, string[] Resources, string[] Namespaces, bool ClusterScope)
    {
        public bool Match(RequestInfo request) =>
            Has(Verbs, request.Verb) && HasResource(request) && Has(Groups, request.Group) && (request.Namespace.Length == 0 ? ClusterScope : Has(Namespaces, request.Namespace));

        /// <summary><c>resource</c> or <c>resource/subresource</c>, compared without joining them.</summary>
        private bool HasResource(RequestInfo request)
        {
            if (request.Subresource.Length == 0)
            {
                return Has(Resources, request.Resource);
            }

            foreach (string one in Resources)
            {
                if (one == All || (one.Length == request.Resource.Length + 1 + request.Subresource.Length && one[request.Resource.Length] == '/'
                    && one.StartsWith(request.Resource, StringComparison.Ordinal) && one.EndsWith(request.Subresource, StringComparison.Ordinal)))
                {
                    return true;
                }
            }

            return false;
        }
    }

    private sealed record PathRule(string[] Verbs, string[] Paths)
    {
        /// <summary>A path stands for what is below it, too.</summary>
        public bool MatchPath(string path)
        {
            foreach (string one in Paths)
            {
                ReadOnlySpan<char> prefix = one.EndsWith('*') ? one.AsSpan(0, one.Length - 1) : one;
                if (one == All || one == path
                    || (path.AsSpan().StartsWith(prefix, StringComparison.Ordinal) && (prefix.EndsWith("/") || (path.Length > prefix.Length && path[prefix.Length] == '/'))))
                {
                    return true;
                }
            }

            return false;
        }
    }
}
