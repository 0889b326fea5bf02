using Orrery.Helm.Go;
using Orrery.Helm.Host;

namespace Orrery.Helm.Functions;

/// <summary>All functions that Helm offers, but for those that belong to one render: include, tpl, and what needs its clock.</summary>
internal static class FunctionTable
{
    public static IReadOnlyDictionary<string, Function> Pure { get; } =
        new[] { Builtins.All, TextFunctions.All, NumberFunctions.All, ListFunctions.All, MapFunctions.All, EncodingFunctions.All, RegexFunctions.All, UrlFunctions.All, CryptoFunctions.All, Own }
            .SelectMany(f => f).ToDictionary(f => f.Name, StringComparer.Ordinal);

    private static IEnumerable<Function> Own =>
    [
        Function.Of("fail", [P.String], a => throw Raise((string)a[0]!)),
        Function.OfAny("required", [P.String, P.Any], a => a[1] is null or "" ? throw Raise((string)a[0]!) : a[1]),
        Function.Of("lookup", [P.String, P.String, P.String, P.String], _ => new GoMap()),
        Function.Of("getHostByName", [P.String], _ => ""),
        Function.Of("semver", [P.String], a => SemanticVersion.Parse((string)a[0]!).ToGo()),
        Function.Of("semverCompare", [P.String, P.String], a => VersionConstraint.Parse((string)a[0]!).Check(SemanticVersion.Parse((string)a[1]!))),
        .. PathFunctions.All,
    ];

    /// <summary>Marks a message so that it can be found again within the chain of errors around it.</summary>
    private static GoException Raise(string message) => new($"HELM_ERR_START{message}HELM_ERR_END");
}
