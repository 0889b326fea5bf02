using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds.Registration;

/// <summary>Defaults and generations of definitions; their validation is the custom resources' own.</summary>
internal sealed class CustomResourceDefinitionRule : KindRule
{
    public override bool HasStatus => true;

    public override bool CountsGeneration => true;

    public override bool ChecksFinalizerOwners => false;

    public override void Default(JsonObject o)
    {
        JsonObject spec = o.ObjectAt("spec");
        JsonObject names = spec.ObjectAt("names");
        if (names.Text("kind") is { Length: > 0 } kind)
        {
            names.FillText("singular", kind.ToLowerInvariant());
            names.FillText("listKind", kind + "List");
        }

        JsonObject conversion = spec.ObjectAt("conversion");
        conversion.FillText("strategy", "None");
        conversion.Child("webhook")?.Child("clientConfig")?.Child("service")?.Fill("port", 443);
        JsonObject status = o.ObjectAt("status");
        JsonObject accepted = status.ObjectAt("acceptedNames");
        accepted.Fill("plural", "");
        accepted.Fill("kind", "");
    }

    /// <summary>A new definition stores its storage version from the start.</summary>
    public override void PrepareForCreate(JsonObject o)
    {
        var stored = new JsonArray();
        foreach (JsonObject version in o.ObjectAt("spec").Items("versions").Where(v => v.Flag("storage")))
        {
            stored.Add((JsonNode)version.Text("name"));
        }

        o["status"] = new JsonObject { ["storedVersions"] = stored };
    }

    public override void PrepareForUpdate(JsonObject o, JsonObject old)
    {
        foreach (JsonObject version in o.ObjectAt("spec").Items("versions").Where(v => v.Flag("storage")))
        {
            JsonObject status = o.ObjectAt("status");
            if (!status.Texts("storedVersions").Contains(version.Text("name")))
            {
                JsonArray stored = status.List("storedVersions") ?? [];
                stored.Add((JsonNode)version.Text("name"));
                status["storedVersions"] = stored;
            }
        }
    }
}
