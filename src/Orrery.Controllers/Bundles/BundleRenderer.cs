using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Helm;
using Orrery.Helm.Charts;
using Orrery.Helm.Templates;
using Orrery.Machinery;

namespace Orrery.Controllers.Bundles;

/// <summary>Makes objects out of a bundle, values and overrides. Changes nothing anywhere.</summary>
internal sealed class BundleRenderer(TimeProvider time)
{
    /// <summary>Most objects that one installation may have in a data plane.</summary>
    private const int MaxObjects = 2000;

    /// <summary>How often a chart is rendered, at most, until all its lookups are answered.</summary>
    private const int MaxRounds = 10;

    /// <summary>
    /// Renders again and again until every lookup of a chart that may look things up is answered: what is looked up may depend on what came of another, and
    /// a chart may fail for want of an answer.
    /// </summary>
    /// <param name="ask">Answers a lookup.</param>
    /// <exception cref="BundleException">Says what is wrong and where.</exception>
    public async Task<RenderedBundle> RenderAsync(
        Bundle bundle, JsonObject values, JsonObject? overrides, RenderTarget target, Func<LookupQuery, LookupAnswers, CancellationToken, Task> ask, CancellationToken cancellationToken)
    {
        if (bundle is not ChartBundle { MayLookUp: true } chart)
        {
            return Render(bundle, values, overrides, target, cancellationToken);
        }

        var answers = new LookupAnswers();
        for (int round = 0; round < MaxRounds; round++)
        {
            RenderedBundle? rendered = null;
            BundleException? failure = null;
            try
            {
                rendered = Render(bundle, values, overrides, target with { Lookups = answers }, cancellationToken);
            }
            catch (BundleException e)
            {
                failure = e;
            }

            IReadOnlyList<LookupQuery> open = answers.TakeOpen();
            if (open.Count == 0)
            {
                return rendered is not null ? rendered with { Lookups = answers.Told } : throw new BundleException(failure!.Reason, failure.Message, failure);
            }

            foreach (LookupQuery query in open)
            {
                await ask(query, answers, cancellationToken).ConfigureAwait(false);
            }
        }

        throw new BundleException("RenderFailed", $"chart {chart.Chart.Name} {chart.Chart.Version}: lookups that follow from lookups do not end after {MaxRounds} rounds");
    }

    /// <exception cref="BundleException">Says what is wrong and where.</exception>
    public RenderedBundle Render(Bundle bundle, JsonObject values, JsonObject? overrides, RenderTarget target, CancellationToken cancellationToken)
    {
        (int definitions, List<JsonObject> objects, List<RenderedHook> hooks) = bundle switch
        {
            ManifestBundle manifests => (0, manifests.Objects.Select(o => ValueReferences.Resolve(o, values, $"{o.Kind} {o.Name}")).ToList(), []),
            ChartBundle chart => Chart(chart, values, target, cancellationToken),
            _ => throw new ArgumentException($"no renderer for {bundle.GetType()}", nameof(bundle)),
        };
        if (objects.Count + hooks.Count > MaxObjects)
        {
            throw new BundleException("RenderFailed", $"the release comes to {objects.Count + hooks.Count} objects; {MaxObjects} are the most");
        }

        Overrides.Apply(objects, overrides);
        foreach (JsonObject found in objects.Concat(hooks.Select(h => h.Object)))
        {
            Check(found);
            target.Place(CanonicalJson.WithoutNulls(found));
        }

        Distinct(objects);
        return new RenderedBundle(objects, hooks) { Definitions = definitions };
    }

    private (int Definitions, List<JsonObject> Objects, List<RenderedHook> Hooks) Chart(ChartBundle bundle, JsonObject values, RenderTarget target, CancellationToken cancellationToken)
    {
        RenderedChart rendered;
        try
        {
            var release = new ReleaseInfo(target.Name, target.Namespace, target.Revision, IsInstall: !target.IsUpgrade, IsUpgrade: target.IsUpgrade);
            var capabilities = new Capabilities(target.KubernetesVersion ?? Capabilities.DefaultKubeVersion, target.ApiVersions ?? Capabilities.DefaultApiVersions) { Lookups = target.Lookups };
            var options = new ValueOptions([("values of the installation", JsonSerializer.SerializeToUtf8Bytes<JsonNode>(values))]);
            rendered = ChartRenderer.Render(bundle.Chart, release, capabilities, options, RenderLimits.Default, time, cancellationToken);
        }
        catch (Exception e) when (e is ChartException or RenderLimitException)
        {
            throw new BundleException("RenderFailed", $"chart {bundle.Chart.Name} {bundle.Chart.Version}: {e.Message}", e);
        }

        var objects = new List<JsonObject>();
        foreach (CrdFile file in rendered.Crds)
        {
            objects.AddRange(Documents(file.Content, file.Source));
        }

        foreach (JsonObject definition in objects)
        {
            // Helm never removes them, as every object of the kind would go with them.
            definition.Metadata.ObjectAt("annotations")[OrreryNames.ResourcePolicyAnnotation] = OrreryNames.KeepPolicy;
        }

        int definitions = objects.Count;
        foreach (Manifest manifest in rendered.Manifests.Where(m => m.Hook is null))
        {
            objects.AddRange(Documents(manifest.Content, manifest.Source));
        }

        var hooks = new List<RenderedHook>();
        foreach (string on in rendered.Manifests.SelectMany(m => m.Hook?.Events ?? []).Distinct(StringComparer.Ordinal))
        {
            hooks.AddRange(rendered.HooksOf(on).SelectMany(m => Documents(m.Content, m.Source).Select(o => (m.Hook, Object: o)))
                .Select((h, i) => new RenderedHook(on, i, h.Hook!.DeletePolicies, h.Object)));
        }

        return (definitions, objects, hooks);
    }

    /// <summary>The objects of a rendered file; a List stands for what it holds.</summary>
    public static IEnumerable<JsonObject> Documents(string text, string where)
    {
        List<JsonNode?> documents;
        try
        {
            documents = [.. YamlJson.ParseAll(text)];
        }
        catch (FormatException e)
        {
            throw new BundleException("RenderFailed", $"{where}: {e.Message}", e);
        }

        foreach (JsonNode? document in documents)
        {
            switch (document)
            {
                case null:
                    break;
                case JsonObject list when list.Kind.EndsWith("List", StringComparison.Ordinal) && list["items"] is JsonArray items:
                    foreach (JsonObject item in items.OfType<JsonObject>())
                    {
                        yield return (JsonObject)item.DeepClone();
                    }

                    break;
                case JsonObject found:
                    yield return found;
                    break;
                default:
                    throw new BundleException("RenderFailed", $"{where} holds something that is no object");
            }
        }
    }

    private static void Check(JsonObject found)
    {
        if (found.ApiVersion.Length == 0 || found.Kind.Length == 0 || found.Name.Length == 0)
        {
            throw new BundleException("RenderFailed", $"an object of the release lacks apiVersion, kind or metadata.name: {found.ApiVersion} {found.Kind} {found.Name}".TrimEnd());
        }
    }

    private static void Distinct(IEnumerable<JsonObject> objects)
    {
        var seen = new HashSet<(string, string, string, string)>();
        foreach (JsonObject found in objects)
        {
            if (!seen.Add((found.GroupVersionKind.Group, found.Kind, found.Namespace, found.Name)))
            {
                throw new BundleException("RenderFailed", $"the release holds {found.Kind} {found.Name} twice");
            }
        }
    }
}
