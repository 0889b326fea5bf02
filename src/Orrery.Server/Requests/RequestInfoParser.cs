using Orrery.Api;

namespace Orrery.Server.Requests;

/// <summary>Reads <see cref="RequestInfo"/> from a method and a raw request target.</summary>
public static class RequestInfoParser
{
    /// <param name="method">HTTP method in upper case.</param>
    /// <param name="rawTarget">As the client sent it: undecoded path, with the query.</param>
    /// <param name="known">A string that is perhaps the path without the query, and is then kept in place of a copy.</param>
    /// <exception cref="StatusException">400 or 404: the path is not one plain spelling of a path.</exception>
    public static RequestInfo Parse(string method, string rawTarget, string? known = null)
    {
        int question = rawTarget.IndexOf('?', StringComparison.Ordinal);
        string rawPath = question < 0 ? rawTarget : known is not null && rawTarget.AsSpan(0, question).SequenceEqual(known) ? known : rawTarget[..question];
        (ClusterName cluster, string[] segments, string path) = RequestPath.Split(rawPath);
        RequestQuery query = question < 0 ? RequestQuery.Empty : RequestQuery.Parse(rawTarget.AsSpan(question + 1));
        return segments switch
        {
            ["api", var version, _, ..] => Resource(new Target(cluster, path, query, "api", "", version), method, segments.AsSpan(2)),
            ["apis", var group, var version, _, ..] => Resource(new Target(cluster, path, query, "apis", group, version), method, segments.AsSpan(3)),
            _ => new RequestInfo { Cluster = cluster, Path = path, Verb = method.ToLowerInvariant(), Query = query },
        };
    }

    private static RequestInfo Resource(in Target target, string method, ReadOnlySpan<string> parts)
    {
        string verb = method switch
        {
            "POST" => "create",
            "GET" or "HEAD" => "get",
            "PUT" => "update",
            "PATCH" => "patch",
            "DELETE" => "delete",
            _ => "",
        };

        // 1. The old spelling of a watch: /watch/ before the rest of the path.
        bool verbInPath = parts.Length > 1 && parts[0] == "watch";
        if (verbInPath)
        {
            verb = "watch";
            parts = parts[1..];
        }

        // 2. /namespaces/{namespace}/{resource}: what follows the namespace is a resource of its own, unless it is one
        //    of the namespace's own subresources.
        string ns = "";
        bool isBelow = false;
        if (parts[0] == "namespaces" && parts.Length > 1)
        {
            ns = parts[1];
            isBelow = parts.Length > 2 && parts[2] is not ("status" or "finalize");
            if (isBelow)
            {
                parts = parts[2..];
            }
        }

        // 3. {resource}/{name}/{subresource}. Without a name a get is a list or a watch, and a delete is of the collection.
        string inPath = parts.Length > 1 ? parts[1] : "", name = inPath;
        if (inPath.Length == 0 && verb is "get" or "watch")
        {
            verb = verb == "watch" || target.Query.Flag("watch") ? "watch" : "list";
            name = NameInSelector(target.Query["fieldSelector"]);
        }
        else if (inPath.Length == 0 && verb == "delete")
        {
            verb = "deletecollection";
        }

        return new RequestInfo
        {
            Cluster = target.Cluster,
            Path = target.Path,
            Query = target.Query,
            ApiPrefix = target.Prefix,
            Group = target.Group,
            Version = target.Version,
            Verb = verb,
            IsHead = method == "HEAD",
            IsResourceRequest = true,
            Namespace = ns,
            IsBelowNamespace = isBelow,
            Resource = parts[0],
            Name = name,
            IsNameInPath = inPath.Length > 0,
            IsVerbInPath = verbInPath,
            Subresource = parts.Length > 2 && !verbInPath ? parts[2] : "",
            Parts = parts.Length > 2 ? parts.ToArray() : [],
        };
    }

    /// <summary>The name that a field selector demands, so that rules with resourceNames can allow the list or watch.</summary>
    private static string NameInSelector(string? selector)
    {
        if (selector is null)
        {
            return "";
        }

        foreach (string term in selector.Split(',', StringSplitOptions.TrimEntries))
        {
            string? name = term.StartsWith("metadata.name==", StringComparison.Ordinal) ? term[15..]
                : term.StartsWith("metadata.name=", StringComparison.Ordinal) ? term[14..] : null;
            if (name is not null && name is not ("" or "." or "..") && !name.AsSpan().ContainsAny('/', '%', '\\'))
            {
                return name;
            }
        }

        return "";
    }

    /// <summary>What the path says before the resource.</summary>
    private readonly record struct Target(ClusterName Cluster, string Path, RequestQuery Query, string Prefix, string Group, string Version);
}
