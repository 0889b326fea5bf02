using System.CommandLine;
using Orrery.Charts;
using Orrery.Helm;
using Orrery.Helm.Charts;
using Orrery.Helm.Templates;

namespace Orrery.Commands;

/// <summary><c>orrery render CHART</c>: prints what <c>helm template</c> prints.</summary>
internal static class RenderCommand
{
    public static Command Create()
    {
        var chart = new Argument<string>("CHART") { Description = "A chart's folder, its .tgz, oci://host/path, or its name in --repo." };
        var name = new Argument<string>("RELEASE") { Description = "The release's name.", DefaultValueFactory = _ => "release-name" };
        var values = new Option<string[]>("--values", "-f") { Description = "A values file, - for standard input; later ones win.", HelpName = "FILE" };
        var set = new Option<string[]>("--set") { Description = "A value: a.b=c, l={x,y}, l[0]=z.", HelpName = "KEY=VALUE" };
        var setString = new Option<string[]>("--set-string") { Description = "A value that stays text.", HelpName = "KEY=VALUE" };
        var setJson = new Option<string[]>("--set-json") { Description = "A value in JSON.", HelpName = "KEY=JSON" };
        var setFile = new Option<string[]>("--set-file") { Description = "A value that is a file's content.", HelpName = "KEY=FILE" };
        var setLiteral = new Option<string[]>("--set-literal") { Description = "A value that is all text behind the equals sign.", HelpName = "KEY=VALUE" };
        var space = new Option<string>("--namespace", "-n") { Description = "The release's namespace.", DefaultValueFactory = _ => "default", HelpName = "NAME" };
        var kube = new Option<string>("--kube-version") { Description = "The cluster's version that the chart sees.", DefaultValueFactory = _ => Capabilities.DefaultKubeVersion, HelpName = "VERSION" };
        var apis = new Option<string[]>("--api-versions", "-a") { Description = "A group version, or group/version/Kind, that the chart sees besides the usual ones.", HelpName = "API", AllowMultipleArgumentsPerToken = true };
        var upgrade = new Option<bool>("--is-upgrade") { Description = "Render an upgrade in place of an installation." };
        var crds = new Option<bool>("--include-crds") { Description = "Print the files of crds/ folders first." };
        var noHooks = new Option<bool>("--no-hooks") { Description = "Leave hooks out." };
        var showOnly = new Option<string[]>("--show-only", "-s") { Description = "Print only what these templates made, as templates/service.yaml.", HelpName = "TEMPLATE" };
        var repository = new Option<string>("--repo") { Description = "Address of the chart repository that holds the chart.", HelpName = "URL" };
        var version = new Option<string>("--version") { Description = "Version or range of versions of the chart, such as ^1.2.", HelpName = "RANGE" };
        var digest = new Option<string>("--digest") { Description = "SHA-256 that the chart's archive must have.", HelpName = "SHA256" };
        var command = new Command("render", "Print the manifests of a Helm chart, as helm template prints them.")
        {
            chart, name, values, set, setString, setJson, setFile, setLiteral, space, kube, apis, upgrade, crds, noHooks, showOnly, repository, version, digest,
        };
        command.SetAction(async (parsed, ct) =>
        {
            try
            {
                (ValueOptions options, ChartReference reference) = (
                    new ValueOptions(
                        [.. (parsed.GetValue(values) ?? []).Select(f => (f, (ReadOnlyMemory<byte>)Read(f)))],
                        parsed.GetValue(setJson), parsed.GetValue(set), parsed.GetValue(setString), parsed.GetValue(setFile), parsed.GetValue(setLiteral), Read),
                    new ChartReference(parsed.GetValue(chart)!, Repository(parsed.GetValue(repository)), parsed.GetValue(version), parsed.GetValue(digest)));
                using var http = new HttpClient { Timeout = TimeSpan.FromMinutes(2) };
                (Chart loaded, _) = await new ChartSource(http, new ChartCache(null)).GetAsync(reference, null, ct).ConfigureAwait(false);
                bool isUpgrade = parsed.GetValue(upgrade);
                var release = new ReleaseInfo(parsed.GetValue(name)!, parsed.GetValue(space)!, IsInstall: !isUpgrade, IsUpgrade: isUpgrade);
                var capabilities = new Capabilities(parsed.GetValue(kube)!, [.. Capabilities.DefaultApiVersions, .. parsed.GetValue(apis) ?? []]);
                RenderedChart rendered = ChartRenderer.Render(loaded, release, capabilities, options, RenderLimits.Default, TimeProvider.System, ct);
                byte[] output = TemplateOutput.Print(rendered, parsed.GetValue(crds), !parsed.GetValue(noHooks), parsed.GetValue(showOnly) ?? []);
                using Stream stdout = Console.OpenStandardOutput();
                await stdout.WriteAsync(output, ct).ConfigureAwait(false);
                return 0;
            }
            catch (Exception e) when (e is ChartException or RenderLimitException or IOException or UnauthorizedAccessException)
            {
                throw new CommandFailedException(e.Message, e);
            }
            catch (HttpRequestException e)
            {
                throw new CommandFailedException($"the chart cannot be fetched: {e.Message}", e);
            }
        });
        return command;
    }

    private static Uri? Repository(string? address) => address is null ? null
        : Uri.TryCreate(address, UriKind.Absolute, out Uri? found) && found.Scheme is "http" or "https" ? found
        : throw new CommandFailedException($"--repo: '{address}' does not have the form https://host/path");

    private static byte[] Read(string path)
    {
        if (path == "-")
        {
            using Stream stdin = Console.OpenStandardInput();
            using var whole = new MemoryStream();
            stdin.CopyTo(whole);
            return whole.ToArray();
        }

        return File.Exists(path) ? File.ReadAllBytes(path) : throw new CommandFailedException($"open {path}: no such file or directory");
    }
}
