using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds.Core;

internal sealed class NamespaceRule : KindRule
{
    private const string NameLabel = "kubernetes.io/metadata.name";

    public override bool HasStatus => true;

    public override IReadOnlyList<SelectableField>? Fields { get; } = SelectableField.Of("status.phase");

    public override IReadOnlyList<string> CheckName(string name) => Names.CheckDns1123Label(name);

    public override void Default(JsonObject o)
    {
        // A generated name is not known here yet; the second call after preparation sees it.
        if (o.Name.Length > 0)
        {
            o.Metadata.ObjectAt("labels")[NameLabel] = o.Name;
        }

        o.ObjectAt("spec");
        o.ObjectAt("status");
    }

    public override void PrepareForCreate(JsonObject o)
    {
        JsonObject spec = o.ObjectAt("spec");
        if (!spec.Texts("finalizers").Contains("kubernetes"))
        {
            JsonArray finalizers = spec.List("finalizers") ?? [];
            finalizers.Add((JsonNode)"kubernetes");
            spec["finalizers"] = finalizers;
        }

        o["status"] = new JsonObject { ["phase"] = "Active" };
    }

    public override void Validate(JsonObject o, Faults faults)
    {
        foreach (string finalizer in o.ObjectAt("spec").Texts("finalizers"))
        {
            faults.All("spec.finalizers", finalizer, Names.CheckQualifiedName(finalizer));
            ObjectMetaRules.ValidateFinalizerOwner(finalizer, "spec.finalizers", faults);
        }
    }

    /// <summary>The namespace's own finalizers go through the finalize subresource alone.</summary>
    public override void PrepareForUpdate(JsonObject o, JsonObject old) => o.ObjectAt("spec").CopyFrom(old.ObjectAt("spec"), "finalizers");
}
