using static Orrery.Machinery.Cel.Overload;

namespace Orrery.Machinery.Cel.Libraries;

/// <summary>Kubernetes' URLs (apiserver <c>pkg/cel/library/urls.go</c>).</summary>
internal static class Urls
{
    public static IEnumerable<Overload> All =>
    [
        Of("url(string) kubernetes.URL", a => GoUrl.Parse((string)a[0]!, out string fault) is { } url ? url : new CelError("URL parse error during conversion from string: " + fault)),
        Of("isURL(string) bool", a => GoUrl.TargetFault((string)a[0]!) is null),
        Of("kubernetes.URL->getScheme() string", a => U(a).Scheme),
        Of("kubernetes.URL->getHost() string", a => U(a).Host),
        Of("kubernetes.URL->getHostname() string", a => U(a).Hostname),
        Of("kubernetes.URL->getPort() string", a => U(a).Port),
        Of("kubernetes.URL->getEscapedPath() string", a => U(a).Path),
        Of("kubernetes.URL->getQuery() map(string, list(string))", a => Query(U(a))),
    ];

    private static GoUrl U(object?[] a) => (GoUrl)a[0]!;

    private static CelDictionary Query(GoUrl url)
    {
        var map = new CelDictionary();
        foreach (IGrouping<string, string> values in url.Parameters().GroupBy(p => p.Key, p => p.Value))
        {
            map.TryAdd(values.Key, new CelList([.. values]));
        }

        return map;
    }
}
