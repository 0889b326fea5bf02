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
    /// <summary>Answers <c>lookup</c>; null answers that nothing is there, as <c>helm template</c> does.</summary>
    public LookupAnswers? Lookups { get; init; }

    /// <summary>The version of Helm whose rendering this is.</summary>
    public const string HelmVersion = "v3.21.1";

    /// <summary>The version that a chart sees when no cluster is asked.</summary>
    public const string DefaultKubeVersion = "v1.34.0";

    private const string HelmCommit = "c56dd0095fd76da5d7b30ecdf506103e7f26745e";

    /// <summary>The group versions that a chart sees when no cluster is asked: all that Helm's client library knows.</summary>
    public static IReadOnlyList<string> DefaultApiVersions { get; } =
    [
        "admissionregistration.k8s.io/v1", "admissionregistration.k8s.io/v1alpha1", "admissionregistration.k8s.io/v1beta1", "apiextensions.k8s.io/v1",
        "apiextensions.k8s.io/v1beta1", "apps/v1", "apps/v1beta1", "apps/v1beta2", "authentication.k8s.io/v1", "authentication.k8s.io/v1alpha1",
        "authentication.k8s.io/v1beta1", "authorization.k8s.io/v1", "authorization.k8s.io/v1beta1", "autoscaling/v1", "autoscaling/v2", "autoscaling/v2beta1",
        "autoscaling/v2beta2", "batch/v1", "batch/v1beta1", "certificates.k8s.io/v1", "certificates.k8s.io/v1alpha1", "certificates.k8s.io/v1beta1",
        "coordination.k8s.io/v1", "coordination.k8s.io/v1alpha2", "coordination.k8s.io/v1beta1", "discovery.k8s.io/v1", "discovery.k8s.io/v1beta1",
        "events.k8s.io/v1", "events.k8s.io/v1beta1", "extensions/v1beta1", "flowcontrol.apiserver.k8s.io/v1", "flowcontrol.apiserver.k8s.io/v1beta1",
        "flowcontrol.apiserver.k8s.io/v1beta2", "flowcontrol.apiserver.k8s.io/v1beta3", "internal.apiserver.k8s.io/v1alpha1", "networking.k8s.io/v1",
        "networking.k8s.io/v1beta1", "node.k8s.io/v1", "node.k8s.io/v1alpha1", "node.k8s.io/v1beta1", "policy/v1", "policy/v1beta1",
        "rbac.authorization.k8s.io/v1", "rbac.authorization.k8s.io/v1alpha1", "rbac.authorization.k8s.io/v1beta1", "resource.k8s.io/v1",
        "resource.k8s.io/v1alpha3", "resource.k8s.io/v1beta1", "resource.k8s.io/v1beta2", "scheduling.k8s.io/v1", "scheduling.k8s.io/v1alpha1",
        "scheduling.k8s.io/v1beta1", "storage.k8s.io/v1", "storage.k8s.io/v1alpha1", "storage.k8s.io/v1beta1", "storagemigration.k8s.io/v1beta1", "v1",
    ];

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
