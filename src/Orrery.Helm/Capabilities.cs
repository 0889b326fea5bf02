using Orrery.Helm.Functions;
using Orrery.Helm.Go;
using Orrery.Helm.Host;

namespace Orrery.Helm;

/// <summary>What a chart may ask about the cluster it is rendered for.</summary>
/// <param name="KubeVersion">As <c>v1.34.0</c>.</param>
/// <param name="ApiVersions">Group versions, and where known <c>group/version/Kind</c>.</param>
public sealed record Capabilities(string KubeVersion, IReadOnlyList<string> ApiVersions)
{
    /// <summary>The version of Helm whose rendering this is.</summary>
    public const string HelmVersion = "v3.21.1";

    private const string HelmCommit = "c56dd0095fd76da5d7b30ecdf506103e7f26745e";

    internal GoObject ToGo()
    {
        SemanticVersion version = SemanticVersion.Parse(KubeVersion);
        string major = GoFormat.Value(version.Major);
        string minor = GoFormat.Value(version.Minor);
        string text = "v" + version;
        GoStruct kube = new GoStruct("chartutil.KubeVersion", [("Version", text), ("Major", major), ("Minor", minor)], text)
            .With(Function.Of("String", [], _ => text)).With(Function.Of("GitVersion", [], _ => text));
        var helm = new GoStruct("version.BuildInfo", [("Version", HelmVersion), ("GitCommit", HelmCommit), ("GitTreeState", "clean"), ("GoVersion", "")]);
        return new GoStruct("*chartutil.Capabilities",
            [("KubeVersion", kube), ("APIVersions", new GoSlice([.. ApiVersions.Select(Utf8.FromText)], "chartutil.VersionSet")), ("HelmVersion", helm)]);
    }
}
