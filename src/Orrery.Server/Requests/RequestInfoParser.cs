using Orrery.Api;

namespace Orrery.Server.Requests;

/// <summary>Reads <see cref="RequestInfo"/> from a method and a raw request target.</summary>
public static class RequestInfoParser
{
    /// <param name="method">HTTP method in upper case.</param>
    /// <param name="rawTarget">As the client sent it: undecoded path, with the query.</param>
    /// <exception cref="StatusException">400 or 404: the path is not one plain spelling of a path.</exception>
    public static RequestInfo Parse(string method, string rawTarget)
    {
        int question = rawTarget.IndexOf('?', StringComparison.Ordinal);
        string rawPath = question < 0 ? rawTarget : rawTarget[..question];
        (ClusterName cluster, string[] segments, bool trailingSlash) = RequestPath.Split(rawPath);
        var info = new RequestInfo
        {
            Cluster = cluster,
            Path = "/" + string.Join('/', segments) + (trailingSlash && segments.Length > 0 ? "/" : ""),
            Verb = method.ToLowerInvariant(),
            Query = question < 0 ? RequestQuery.Empty : RequestQuery.Parse(rawTarget[(question + 1)..]),
        };

        return segments switch
        {
            ["api", var version, _, ..] => Resource(info with { ApiPrefix = "api", Version = version }, method, segments.AsSpan(2)),
            ["apis", var group, var version, _, ..] => Resource(info with { ApiPrefix = "apis", Group = group, Version = version }, method, segments.AsSpan(3)),
            _ => info,
        };
    }

    private static RequestInfo Resource(RequestInfo info, string method, ReadOnlySpan<string> parts)
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
        if (parts[0] == "namespaces" && parts.Length > 1)
        {
            ns = parts[1];
            if (parts.Length > 2 && parts[2] is not ("status" or "finalize"))
            {
                parts = parts[2..];
            }
        }

        // 3. {resource}/{name}/{subresource}
        string name = parts.Length > 1 ? parts[1] : "";
        info = info with
        {
            IsResourceRequest = true,
            Namespace = ns,
            Resource = parts[0],
            Name = name,
            IsNameInPath = name.Length > 0,
            Subresource = parts.Length > 2 && !verbInPath ? parts[2] : "",
            Parts = parts.ToArray(),
        };

        // 4. Without a name a get is a list or a watch, and a delete is of the collection.
        if (name.Length == 0 && verb is "get" or "watch")
        {
            verb = verb == "watch" || info.Query.Flag("watch") ? "watch" : "list";
            info = info with { Name = NameInSelector(info.Query["fieldSelector"]) };
        }
        else if (name.Length == 0 && verb == "delete")
        {
            verb = "deletecollection";
        }

        return info with { Verb = verb };
    }

    /// <summary>The name that a field selector demands, so that rules with resourceNames can allow the list or watch.</summary>
    private static string NameInSelector(string? selector)
    {
        foreach (string term in (selector ?? "").Split(',', StringSplitOptions.TrimEntries))
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
}
