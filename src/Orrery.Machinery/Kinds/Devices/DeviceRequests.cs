using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds.Devices;

/// <summary>What a claim asks for. Upstream: <c>pkg/apis/resource/validation</c>; CEL selectors are read by who allocates.</summary>
internal static class DeviceRequests
{
    private const int Most = 32;
    private const int MostAlternatives = 8;
    private const int LongestSelector = 10 * 1024;
    private const string OneKind = "exactly one of `exactly` or `firstAvailable` is required";

    /// <param name="spec">Of a claim.</param>
    public static void Default(JsonObject spec)
    {
        foreach (JsonObject request in spec.Child("devices")?.Items("requests") ?? [])
        {
            IEnumerable<JsonObject> asked = request.Child("exactly") is { } exactly ? request.Items("firstAvailable").Prepend(exactly) : request.Items("firstAvailable");
            foreach (JsonObject one in asked)
            {
                one.FillText("allocationMode", "ExactCount");
                if (one.Text("allocationMode") == "ExactCount" && (one.Number("count") ?? 0) == 0)
                {
                    one["count"] = 1;
                }

                foreach (JsonObject toleration in one.Items("tolerations"))
                {
                    toleration.FillText("operator", "Equal");
                }
            }
        }
    }

    public static void Validate(JsonObject spec, string path, Faults faults)
    {
        JsonObject devices = spec.Child("devices") ?? [];
        path += ".devices";
        var names = new HashSet<string>(StringComparer.Ordinal);
        Set(devices, "requests", Most, path, faults, (request, at) => Request(request, at, names, faults), "name");
        Set(devices, "constraints", Most, path, faults, (constraint, at) => Constraint(constraint, at, names, faults));
        Set(devices, "config", Most, path, faults, (config, at) =>
        {
            Known(config, at, names, faults);
            Configuration(config, at, faults);
        });
    }

    /// <summary>A list of objects of a bounded length, in which a member tells them apart.</summary>
    public static void Set(JsonObject owner, string member, int most, string path, Faults faults, Action<JsonObject, string> each, string? key = null)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        int i = 0;
        foreach (JsonObject item in owner.Items(member))
        {
            string at = $"{path}.{member}[{i++}]";
            each(item, at);
            if (key is not null && !seen.Add(item.Text(key)))
            {
                faults.Duplicate($"{at}.{key}", item.Text(key));
            }
        }

        if (i > most)
        {
            faults.Add(FieldError.TooMany($"{path}.{member}", i, most));
        }
    }

    public static void Selectors(JsonObject owner, string path, Faults faults) => Set(owner, "selectors", Most, path, faults, (selector, at) =>
    {
        if (selector.Child("cel") is not { } cel)
        {
            faults.Required(at + ".cel");
        }
        else if (cel.Text("expression").Length > LongestSelector)
        {
            faults.Add(FieldError.TooLong(at + ".cel.expression", LongestSelector));
        }
        else if (cel.Text("expression").Length == 0)
        {
            faults.Required(at + ".cel.expression");
        }
    });

    public static void Configuration(JsonObject config, string path, Faults faults)
    {
        if (config.Child("opaque") is not { } opaque)
        {
            faults.Required(path + ".opaque");
            return;
        }

        Driver(opaque.Text("driver"), path + ".opaque.driver", faults);
        if (opaque["parameters"] is not { } parameters)
        {
            faults.Required(path + ".opaque.parameters");
        }
        else if (parameters is not JsonObject)
        {
            faults.Invalid(path + ".opaque.parameters", "<value omitted>", "parameters must be a valid JSON object");
        }
    }

    public static void Driver(string name, string path, Faults faults)
    {
        const int Longest = 63;
        if (name.Length == 0)
        {
            faults.Required(path);
            return;
        }

        if (name.Length > Longest)
        {
            faults.Add(FieldError.TooLong(path, Longest));
        }

        faults.All(path, name, Names.CheckDns1123Subdomain(name));
    }

    private static void Request(JsonObject request, string path, HashSet<string> names, Faults faults)
    {
        Name(request, path, faults);
        names.Add(request.Text("name"));
        JsonObject? exactly = request.Child("exactly");
        bool alternatives = request.Count("firstAvailable") > 0;
        if (exactly is null && !alternatives)
        {
            faults.Required(path, OneKind);
        }
        else if (exactly is not null && alternatives)
        {
            faults.Invalid(path, null, OneKind + ", but multiple fields are set");
        }

        if (exactly is not null)
        {
            Asked(exactly, path + ".exactly", faults);
        }

        Set(request, "firstAvailable", MostAlternatives, path, faults, (one, at) =>
        {
            Name(one, at, faults);
            names.Add($"{request.Text("name")}/{one.Text("name")}");
            Asked(one, at, faults);
        }, "name");
    }

    private static void Name(JsonObject named, string path, Faults faults)
    {
        string name = named.Text("name");
        if (name.Length == 0)
        {
            faults.Required(path + ".name");
        }
        else
        {
            faults.All(path + ".name", name, Names.CheckDns1123Label(name));
        }
    }

    private static void Asked(JsonObject request, string path, Faults faults)
    {
        string deviceClass = request.Text("deviceClassName");
        if (deviceClass.Length == 0)
        {
            faults.Required(path + ".deviceClassName");
        }
        else
        {
            faults.All(path + ".deviceClassName", deviceClass, Names.CheckDns1123Subdomain(deviceClass));
        }

        Selectors(request, path, faults);
        long count = request.Number("count") ?? 0;
        switch (request.Text("allocationMode"))
        {
            case "All" when count != 0:
                faults.Invalid(path + ".count", count, "must not be specified when allocationMode is 'All'");
                break;
            case "ExactCount" when count <= 0:
                faults.Invalid(path + ".count", count, "must be greater than zero");
                break;
            case "All" or "ExactCount":
                break;
            case var mode:
                faults.NotSupported(path + ".allocationMode", mode, "All", "ExactCount");
                break;
        }

        int i = 0;
        foreach (JsonObject toleration in request.Items("tolerations"))
        {
            Toleration(toleration, $"{path}.tolerations[{i++}]", faults);
        }
    }

    private static void Toleration(JsonObject toleration, string path, Faults faults)
    {
        string key = toleration.Text("key"), value = toleration.Text("value");
        if (key.Length > 0)
        {
            faults.All(path + ".key", key, Names.CheckQualifiedName(key));
        }

        switch (toleration.Text("operator"))
        {
            case "Exists":
                if (value.Length > 0)
                {
                    faults.Invalid(path + ".value", value, "must be empty for operator `Exists`");
                }

                break;
            case "Equal":
                faults.All(path + ".value", value, Names.CheckLabelValue(value));
                if (key.Length == 0)
                {
                    faults.Required(path + ".key", "required for operator `Equal`");
                }

                break;
            case var other:
                faults.NotSupported(path + ".operator", other, "Equal", "Exists");
                break;
        }

        if (toleration.Text("effect") is { Length: > 0 } effect)
        {
            faults.OneOf(path + ".effect", effect, "NoExecute", "NoSchedule", "None");
        }
    }

    private static void Constraint(JsonObject constraint, string path, HashSet<string> names, Faults faults)
    {
        Known(constraint, path, names, faults);
        string[] attributes = [.. new[] { "matchAttribute", "distinctAttribute" }.Where(constraint.Has)];
        if (attributes.Length == 0)
        {
            faults.Required(path + ".matchAttribute");
        }
        else if (attributes.Length > 1)
        {
            faults.Invalid(path, null, "exactly one of `matchAttribute` or `distinctAttribute` is required, but multiple fields are set");
        }

        foreach (string member in attributes)
        {
            string attribute = constraint.Text(member);
            if (!attribute.Contains('/', StringComparison.Ordinal))
            {
                faults.Invalid($"{path}.{member}", attribute, "must include a domain");
            }
            else
            {
                DeviceNames.Validate(attribute, $"{path}.{member}", faults);
            }
        }
    }

    /// <summary>What names requests names those of this claim.</summary>
    private static void Known(JsonObject owner, string path, HashSet<string> names, Faults faults)
    {
        int i = 0;
        foreach (string request in owner.Texts("requests"))
        {
            string at = $"{path}.requests[{i++}]";
            if (!names.Contains(request))
            {
                faults.Invalid(at, request, "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'");
            }
        }

        if (i > Most)
        {
            faults.Add(FieldError.TooMany(path + ".requests", i, Most));
        }
    }
}
