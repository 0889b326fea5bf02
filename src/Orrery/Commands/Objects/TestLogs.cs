using System.Text.Json;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Commands.Objects;

/// <summary>What the pods of an installation's tests have written, through the tunnels of the data planes they ran in.</summary>
internal sealed class TestLogs(KubeClient root, TextWriter output)
{
    /// <summary>Bytes of one container that are printed; the end of a test's log tells why it failed.</summary>
    private const int Limit = 1 << 20;

    private const string TestRunEvent = "test-run";

    /// <summary>Prints the logs of all tests that are there; one that goes once it has ended is, as long as <see cref="OrreryNames.KeepTestsAnnotation"/> says so.</summary>
    public async Task PrintAsync(string ns, string installation, string dataPlane, CancellationToken cancellationToken)
    {
        var query = new ListQuery { LabelSelector = $"{OrreryNames.HookLabel}={TestRunEvent},{OrreryNames.InstallationLabel}={installation}" };
        KubeList works = await root.ListAsync(OrreryResources.Works, OrreryNames.DataPlaneNamespace(dataPlane), query, cancellationToken).ConfigureAwait(false);
        string proxy = $"/apis/{OrreryResources.ApiVersion}/dataplanes/{Uri.EscapeDataString(dataPlane)}/proxy/api/v1/namespaces/";
        foreach (KubeObject work in works.Items.Where(w => w.TextAt("spec", "source", "namespace") == ns).OrderBy(w => w.Name, StringComparer.Ordinal))
        {
            if (work.At("spec", "manifest") is not { } found || new KubeObject(found) is not { Kind: "Pod" or "Job" } test)
            {
                continue;
            }

            string pods = $"{proxy}{Uri.EscapeDataString(test.Namespace)}/pods";
            string selector = test.Kind == "Job" ? $"labelSelector=batch.kubernetes.io/job-name%3D{test.Name}" : $"fieldSelector=metadata.name%3D{test.Name}";
            JsonElement list = await root.SendJsonAsync(HttpMethod.Get, $"{pods}?{selector}", null, cancellationToken).ConfigureAwait(false);
            foreach (KubeObject pod in list.GetProperty("items").EnumerateArray().Select(p => new KubeObject(p)))
            {
                await PrintAsync(dataPlane, $"{pods}/{Uri.EscapeDataString(pod.Name)}/log", pod, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private async Task PrintAsync(string dataPlane, string address, KubeObject pod, CancellationToken cancellationToken)
    {
        foreach (JsonElement container in pod.At("spec", "containers") is { ValueKind: JsonValueKind.Array } containers ? containers.EnumerateArray() : default)
        {
            string name = container.GetProperty("name").GetString()!;
            output.WriteLine($"--- {dataPlane}: pod {pod.Name}, container {name}");
            try
            {
                string text = await root.GetTextAsync($"{address}?container={Uri.EscapeDataString(name)}&limitBytes={Limit}", cancellationToken).ConfigureAwait(false);
                output.Write(text.Length == 0 || text.EndsWith('\n') ? text : text + "\n");
            }
            catch (StatusException e)
            {
                output.WriteLine($"(no log: {e.Message})");
            }
        }
    }
}
