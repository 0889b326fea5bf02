using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds;

/// <summary>Rules for a pod's volumes.</summary>
internal static class VolumeValidation
{
    /// <returns>The names that containers may mount.</returns>
    public static IReadOnlySet<string> Validate(JsonObject spec, string path, Faults faults)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        int i = 0;
        foreach (JsonObject volume in spec.Items("volumes"))
        {
            string at = $"{path}[{i++}]";
            ValidateSource(volume, at, faults);
            string name = volume.Text("name");
            if (name.Length == 0)
            {
                faults.Required(at + ".name");
                continue;
            }

            IReadOnlyList<string> wrong = Names.CheckDns1123Label(name);
            faults.All(at + ".name", name, wrong);
            if (wrong.Count == 0 && !names.Add(name))
            {
                faults.Duplicate(at + ".name", name);
            }
        }

        return names;
    }

    /// <summary>A relative path that stays where it starts.</summary>
    public static void ValidateDescending(string value, string path, Faults faults)
    {
        if (value.Length == 0)
        {
            return;
        }

        if (value.StartsWith('/'))
        {
            faults.Invalid(path, value, "must be a relative path");
        }

        if (value.Split('/').Contains(".."))
        {
            faults.Invalid(path, value, "must not contain '..'");
        }
    }

    private static void ValidateSource(JsonObject volume, string path, Faults faults)
    {
        int found = 0;
        foreach ((string kind, JsonNode? node) in volume)
        {
            if (kind == "name" || node is not JsonObject source)
            {
                continue;
            }

            string at = $"{path}.{kind}";
            if (++found > 1)
            {
                faults.Forbidden(at, "may not specify more than 1 volume type");
                continue;
            }

            switch (kind)
            {
                case "configMap" when source.Text("name").Length == 0:
                    faults.Required(at + ".name");
                    break;
                case "secret" when source.Text("secretName").Length == 0:
                    faults.Required(at + ".secretName");
                    break;
                case "persistentVolumeClaim" when source.Text("claimName").Length == 0:
                    faults.Required(at + ".claimName");
                    break;
                case "hostPath" when source.Text("path").Length == 0:
                    faults.Required(at + ".path");
                    break;
                case "nfs":
                    ValidateNfs(source, at, faults);
                    break;
            }

            ValidateMode(source, at, faults);
            ValidateItems(source, at, faults);
        }

        if (found == 0)
        {
            faults.Required(path, "must specify a volume type");
        }
    }

    private static void ValidateNfs(JsonObject source, string path, Faults faults)
    {
        foreach (string member in new[] { "server", "path" })
        {
            if (source.Text(member).Length == 0)
            {
                faults.Required($"{path}.{member}");
            }
        }

        if (source.Text("path") is { Length: > 0 } place && !place.StartsWith('/'))
        {
            faults.Invalid(path + ".path", place, "must be an absolute path");
        }
    }

    private static void ValidateMode(JsonObject source, string path, Faults faults)
    {
        if (source.Number("defaultMode") is { } mode and (< 0 or > 511))
        {
            faults.Invalid(path + ".defaultMode", mode, "must be a number between 0 and 0777 (octal), both inclusive");
        }
    }

    private static void ValidateItems(JsonObject source, string path, Faults faults)
    {
        int i = 0;
        foreach (JsonObject item in source.Items("items"))
        {
            string at = $"{path}.items[{i++}]";
            if (!item.Has("fieldRef") && !item.Has("resourceFieldRef") && item.Text("key").Length == 0)
            {
                faults.Required(at + ".key");
            }

            if (item.Text("path").Length == 0)
            {
                faults.Required(at + ".path");
            }

            ValidateDescending(item.Text("path"), at + ".path", faults);
        }
    }
}
