using Orrery.Helm.Go;

namespace Orrery.Helm.Functions;

/// <summary>urlParse and urlJoin.</summary>
internal static class UrlFunctions
{
    public static IEnumerable<Function> All =>
    [
        Function.Of("urlParse", [P.String], a => Parse((string)a[0]!)),
        Function.Of("urlJoin", [P.Map], a => Join((GoMap)a[0]!)),
    ];

    private static GoMap Parse(string text)
    {
        GoUrl url;
        try
        {
            url = GoUrl.Parse(text);
        }
        catch (GoException e)
        {
            throw new GoException("unable to parse url: " + e.Message);
        }

        return new GoMap
        {
            ["scheme"] = url.Scheme,
            ["host"] = url.Host,
            ["hostname"] = url.HostName,
            ["path"] = url.Path,
            ["query"] = url.Query,
            ["opaque"] = url.Opaque,
            ["fragment"] = url.Fragment,
            ["userinfo"] = url.UserInfo,
        };
    }

    private static string Join(GoMap parts)
    {
        string Part(string key)
        {
            if (!parts.Contains(key))
            {
                return "";
            }

            return parts[key] switch
            {
                string s => s,
                null => throw new GoException("runtime error: invalid memory address or nil pointer dereference"),
                var other => throw new GoException($"unable to parse {key} key, must be of type string, but {GoTypes.KindOf(other)} found"),
            };
        }

        var url = new GoUrl { Scheme = Part("scheme"), Host = Part("host"), Path = Part("path"), Query = Part("query"), Opaque = Part("opaque"), Fragment = Part("fragment") };
        string login = Part("userinfo");
        if (login.Length == 0)
        {
            return url.ToString();
        }

        try
        {
            return (url with { Login = GoUrl.Parse($"proto://{login}@host").Login }).ToString();
        }
        catch (GoException e)
        {
            throw new GoException("unable to parse userinfo in dict: " + e.Message);
        }
    }
}
