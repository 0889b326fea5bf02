using System.Text.RegularExpressions;
using Orrery.Helm.Functions;
using Orrery.Helm.Go;
using Orrery.Helm.Host;

namespace Orrery.Helm;

/// <summary>What a chart may ask about the cluster it is rendered for.</summary>
/// <param name="KubeVersion">As <c>v1.34.0</c>.</param>
/// <param name="ApiVersions">Group versions, and where known <c>group/version/Kind</c>.</param>
public sealed partial record Capabilities(string KubeVersion, IReadOnlyList<string> ApiVersions)
{
    /// <summary>The version of Helm whose rendering this is.</summary>
    public const string HelmVersion = "v3.21.1";

    private const string HelmCommit = "c56dd0095fd76da5d7b30ecdf506103e7f26745e";

    /// <summary>The numbers of the version alone, as v1.34.1: what vendors add is left out.</summary>
    /// <exception cref="ChartException">Of phase kubeVersion: it is no version.</exception>
    internal string NormalKubeVersion
    {
        get
        {
            Match numbers = Numbers().Match(KubeVersion);
            return numbers.Success ? "v" + numbers.Groups[1].Value : throw new ChartException("kubeVersion", $"could not parse {GoQuote.Quote(Utf8.FromText(KubeVersion))} as version");
        }
    }

    [GeneratedRegex(@"^\s*v?((?:0|[1-9][0-9]*)(?:\.(?:0|[1-9][0-9]*))+)(?![0-9])")]
    private static partial Regex Numbers();

    internal GoObject ToGo()
    {
        string text = NormalKubeVersion;
        string[] parts = text[1..].Split('.');
        (string major, string minor) = (parts[0], parts[1]);
        GoStruct kube = new GoStruct("chartutil.KubeVersion", [("Version", text), ("Major", major), ("Minor", minor)]) { AddressText = text }
            .With(Function.Of("String", [], _ => text)).With(Function.Of("GitVersion", [], _ => text));
        var helm = new GoStruct("version.BuildInfo", [("Version", HelmVersion), ("GitCommit", HelmCommit), ("GitTreeState", "clean"), ("GoVersion", "")]);
        return new GoStruct("*chartutil.Capabilities",
            [("KubeVersion", kube), ("APIVersions", new GoSlice([.. ApiVersions.Select(Utf8.FromText)], "chartutil.VersionSet")), ("HelmVersion", helm)]);
    }
}
