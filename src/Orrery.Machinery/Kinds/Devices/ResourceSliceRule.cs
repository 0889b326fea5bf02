using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds.Devices;

/// <summary>Devices that a driver offers. Upstream: <c>pkg/apis/resource/validation</c>.</summary>
internal sealed class ResourceSliceRule : KindRule
{
    private const int MostDevices = 128;
    private const int MostProperties = 32;
    private const int LongestPool = 253;
    private const int LongestAttribute = 64;
    private const string OnePlace = "exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required";

    private static readonly SelectableField[] Selectable = [new("spec.driver"), new("spec.nodeName")];
    private static readonly string[] Places = ["nodeName", "nodeSelector", "allNodes", "perDeviceNodeSelection"];
    private static readonly string[] Values = ["int", "bool", "string", "version", "ints", "bools", "strings", "versions"];

    public override bool CountsGeneration => true;

    public override IReadOnlyList<SelectableField>? Fields => Selectable;

    public override void Validate(JsonObject o, Faults faults)
    {
        JsonObject spec = o.ObjectAt("spec");
        DeviceRequests.Driver(spec.Text("driver"), "spec.driver", faults);
        Pool(spec.Child("pool") ?? [], faults);
        Place(spec, faults);
        DeviceRequests.Set(spec, "devices", MostDevices, "spec", faults, (device, at) => Device(device, at, faults), "name");
    }

    public override void ValidateUpdate(JsonObject o, JsonObject old, Faults faults)
    {
        Validate(o, faults);
        JsonObject spec = o.ObjectAt("spec"), before = old.Child("spec") ?? [];
        faults.MayNotChange("spec.driver", spec["driver"], before["driver"]);
        faults.MayNotChange("spec.pool.name", spec.Child("pool")?["name"], before.Child("pool")?["name"]);
        faults.MayNotChange("spec.nodeName", spec["nodeName"], before["nodeName"]);
    }

    private static void Pool(JsonObject pool, Faults faults)
    {
        string name = pool.Text("name");
        if (name.Length == 0)
        {
            faults.Required("spec.pool.name");
        }
        else if (name.Length > LongestPool)
        {
            faults.Add(FieldError.TooLong("spec.pool.name", LongestPool));
        }
        else
        {
            foreach (string part in name.Split('/'))
            {
                faults.All("spec.pool.name", part, Names.CheckDns1123Subdomain(part));
            }
        }

        if (pool.Number("resourceSliceCount") is null or <= 0)
        {
            faults.Invalid("spec.pool.resourceSliceCount", pool.Number("resourceSliceCount") ?? 0, "must be greater than zero");
        }

        if (pool.Number("generation") is < 0 and var generation)
        {
            faults.Invalid("spec.pool.generation", generation, "must be greater than or equal to zero");
        }
    }

    private static void Place(JsonObject spec, Faults faults)
    {
        int given = Places.Count(p => spec[p] is JsonObject || spec.Text(p).Length > 0 || spec.Flag(p));
        if (given == 0)
        {
            faults.Required("spec", OnePlace);
        }
        else if (given > 1)
        {
            faults.Invalid("spec", null, OnePlace + ", but multiple fields are set");
        }

        if (spec.Text("nodeName") is { Length: > 0 } node)
        {
            faults.All("spec.nodeName", node, Names.CheckDns1123Subdomain(node));
        }

        if (spec.Child("nodeSelector") is { } selector)
        {
            NodeSelectors.Validate(selector, "spec.nodeSelector", faults);
            if (selector.Count("nodeSelectorTerms") > 1)
            {
                faults.Invalid("spec.nodeSelector.nodeSelectorTerms", selector["nodeSelectorTerms"], "must have exactly one node selector term");
            }
        }
    }

    private static void Device(JsonObject device, string path, Faults faults)
    {
        string name = device.Text("name");
        if (name.Length == 0)
        {
            faults.Required(path + ".name");
        }
        else
        {
            faults.All(path + ".name", name, Names.CheckDns1123Label(name));
        }

        int properties = device.Count("attributes") + device.Count("capacity");
        if (properties > MostProperties)
        {
            faults.Invalid(path, properties, $"the total number of attributes and capacities must not exceed {MostProperties}");
        }

        foreach ((string attribute, JsonNode? value) in device.Child("attributes") ?? [])
        {
            Attribute(attribute, value as JsonObject ?? [], $"{path}.attributes[{attribute}]", faults);
        }

        foreach ((string capacity, _) in device.Child("capacity") ?? [])
        {
            DeviceNames.Validate(capacity, $"{path}.capacity[{capacity}]", faults);
        }
    }

    private static void Attribute(string name, JsonObject value, string path, Faults faults)
    {
        DeviceNames.Validate(name, path, faults);
        int given = Values.Count(value.Has);
        if (given == 0)
        {
            faults.Required(path, "exactly one value must be specified");
        }
        else if (given > 1)
        {
            faults.Invalid(path, value, "exactly one value must be specified");
        }

        foreach (string member in (string[])["string", "version"])
        {
            if (value.Text(member).Length > LongestAttribute)
            {
                faults.Add(FieldError.TooLong($"{path}.{member}", LongestAttribute));
            }
        }
    }
}
