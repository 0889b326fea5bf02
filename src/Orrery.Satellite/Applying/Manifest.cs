using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Satellite.Applying;

/// <summary>What a Work asks for, with the marks by which the satellite finds its own again.</summary>
/// <param name="Json">As it is applied.</param>
/// <param name="Served">For which control plane.</param>
internal sealed record Manifest(string WorkName, JsonObject Json, ServedControlPlane Served)
{
    public GroupVersionKind Kind => Json.GroupVersionKind;

    public string Namespace => Json.Namespace;

    public string Name => Json.Name;

    /// <summary>On what is applied: whose it is.</summary>
    private static readonly string[] OwnerLabels = [OrreryNames.TenantLabel, OrreryNames.VirtualClusterLabel, OrreryNames.NamespaceLabel, OrreryNames.InstallationLabel];

    /// <exception cref="TerminalException">The Work holds no manifest that can be applied.</exception>
    public static Manifest Of(KubeObject work, ServedControlPlane served) => Of(work, served, "manifest");

    /// <summary>What is to be applied next.</summary>
    /// <inheritdoc cref="Of(KubeObject, ServedControlPlane)"/>
    public static Manifest OfTrial(KubeObject work, ServedControlPlane served) => Of(work, served, "trial", "manifest");

    /// <summary>Whether there is something to apply, and not only something to try.</summary>
    public static bool IsIn(KubeObject work) => work.At("spec", "manifest") is not null;

    private static Manifest Of(KubeObject work, ServedControlPlane served, params string[] path)
    {
        if (work.At(["spec", .. path]) is not { ValueKind: System.Text.Json.JsonValueKind.Object } found)
        {
            throw new TerminalException($"spec.{string.Join('.', path)} is missing");
        }

        JsonObject json = KubeJson.ToNode(found)!.AsObject();
        if (json.Name.Length == 0 || json.Kind.Length == 0 || json.Namespace.Length == 0)
        {
            throw new TerminalException($"spec.{string.Join('.', path)} needs kind, metadata.name and metadata.namespace");
        }

        JsonObject labels = json.Metadata.ObjectAt("labels");
        if (work.Labels.ContainsKey(OrreryNames.TenantLabel))
        {
            // What we know our own by is ours to write: a label or mark that a tenant put there would pass for it.
            foreach (string forged in labels.Select(l => l.Key).Where(k => k.StartsWith(OrreryNames.Prefix, StringComparison.Ordinal)).ToList())
            {
                labels.Remove(forged);
            }

            Unmark(json["spec"]);
        }

        labels[OrreryNames.ManagedByLabel] = OrreryNames.Manager;
        foreach (string label in OwnerLabels)
        {
            if (work.Labels.TryGetValue(label, out string? value))
            {
                labels[label] = value;
            }
        }

        JsonObject annotations = json.Metadata.ObjectAt("annotations");
        annotations[OrreryNames.WorkAnnotation] = work.Name;
        annotations.Remove(OrreryNames.ControlPlaneAnnotation);
        if (served.Marks.Id is { Length: > 0 } id)
        {
            annotations[OrreryNames.ControlPlaneAnnotation] = id;
        }

        return new Manifest(work.Name, json, served);
    }

    /// <summary>Takes the mark from templates: what a controller makes of one is not what the Work asks for, and nobody else's.</summary>
    private static void Unmark(JsonNode? node)
    {
        switch (node)
        {
            case JsonObject json:
                if (json["metadata"] is JsonObject metadata && metadata["annotations"] is JsonObject annotations)
                {
                    annotations.Remove(OrreryNames.WorkAnnotation);
                }

                foreach ((_, JsonNode? member) in json)
                {
                    Unmark(member);
                }

                break;
            case JsonArray list:
                foreach (JsonNode? item in list)
                {
                    Unmark(item);
                }

                break;
        }
    }

    /// <summary>A merge patch that takes every mark of ours from an object.</summary>
    public static JsonObject Unmarked(KubeObject live)
    {
        var labels = new JsonObject();
        foreach (string label in OwnerLabels.Append(OrreryNames.ManagedByLabel).Where(live.Labels.ContainsKey))
        {
            labels[label] = null;
        }

        var annotations = new JsonObject();
        foreach (string annotation in new[] { OrreryNames.WorkAnnotation, OrreryNames.ControlPlaneAnnotation, OrreryNames.AppliedAnnotation }.Where(live.Annotations.ContainsKey))
        {
            annotations[annotation] = null;
        }

        return new JsonObject { ["metadata"] = new JsonObject { ["uid"] = live.Uid, ["labels"] = labels, ["annotations"] = annotations } };
    }

    /// <summary>As the cluster takes it: what is cluster-scoped there is in no namespace.</summary>
    public Manifest For(ApiResource served)
    {
        if (!served.IsNamespaced)
        {
            Json.Metadata.Remove("namespace");
        }

        return this;
    }

    /// <summary>Whether an object in the cluster carries the mark of this Work, and not of another control plane's that has the same name.</summary>
    public bool Marks(KubeObject live) => live.Annotations.GetValueOrDefault(OrreryNames.WorkAnnotation) == WorkName && !Served.IsAnothers(live);
}
