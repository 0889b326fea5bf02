using System.CommandLine;
using Orrery.Helm;
using Orrery.Helm.Charts;
using Orrery.Helm.Templates;

namespace Orrery.Commands;

/// <summary><c>orrery render CHART</c>: prints what <c>helm template</c> prints.</summary>
internal static class RenderCommand
{
    private static readonly string[] ApiVersions = ["v1", "apps/v1", "batch/v1", "autoscaling/v2", "policy/v1", "networking.k8s.io/v1", "rbac.authorization.k8s.io/v1", "storage.k8s.io/v1", "apiextensions.k8s.io/v1"];

    public static Command Create()
    {
        var chart = new Argument<string>("chart") { Description = "A chart's folder or its .tgz." };
        var values = new Option<string[]>("--values", "-f") { Description = "A values file; later ones win." };
        var sets = new Option<string[]>("--set") { Description = "A value: a.b=c,d={x,y}." };
        var name = new Option<string>("--name") { Description = "The release's name.", DefaultValueFactory = _ => "release-name" };
        var space = new Option<string>("--namespace", "-n") { Description = "The release's namespace.", DefaultValueFactory = _ => "default" };
        var kube = new Option<string>("--kube-version") { Description = "The cluster's version that the chart sees.", DefaultValueFactory = _ => "v1.34.0" };
        var command = new Command("render", "Print the manifests of a Helm chart.") { chart, values, sets, name, space, kube };
        command.SetAction((parsed, ct) =>
        {
            try
            {
                string[] texts = [.. (parsed.GetValue(values) ?? []).Select(File.ReadAllText)];
                RenderedChart rendered = ChartRenderer.Render(Chart.Load(parsed.GetValue(chart)!), new ReleaseInfo(parsed.GetValue(name)!, parsed.GetValue(space)!),
                    new Capabilities(parsed.GetValue(kube)!, ApiVersions), texts, parsed.GetValue(sets) ?? [], TimeProvider.System, ct);
                foreach (Manifest manifest in rendered.Manifests)
                {
                    Console.Write($"---\n# Source: {manifest.Source}\n{manifest.Content}\n");
                }

                return Task.FromResult(0);
            }
            catch (Exception e) when (e is ChartException or RenderLimitException or IOException)
            {
                throw new CommandFailedException(e.Message);
            }
        });
        return command;
    }
}
