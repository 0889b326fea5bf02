using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds;

/// <summary>Rules for a container's <c>env</c> and <c>envFrom</c>.</summary>
internal static class EnvironmentValidation
{
    private static readonly string[] Sources = ["fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef"];

    public static void Validate(JsonObject container, string path, Faults faults)
    {
        int i = 0;
        foreach (JsonObject variable in container.Items("env"))
        {
            string at = $"{path}.env[{i++}]";
            if (variable.Text("name") is { Length: > 0 } name)
            {
                faults.All(at + ".name", name, Names.CheckEnvironmentName(name));
            }
            else
            {
                faults.Required(at + ".name");
            }

            if (variable.Child("valueFrom") is { } source)
            {
                ValidateSource(variable, source, at + ".valueFrom", faults);
            }
        }

        i = 0;
        foreach (JsonObject from in container.Items("envFrom"))
        {
            ValidateFrom(from, path + ".envFrom", i++, faults);
        }
    }

    private static void ValidateSource(JsonObject variable, JsonObject source, string path, Faults faults)
    {
        if (source.Child("fieldRef") is { } field)
        {
            PodReferences.Field(field, path + ".fieldRef", inVolume: false, faults);
        }

        if (source.Child("resourceFieldRef") is { } resource)
        {
            PodReferences.Resource(resource, path + ".resourceFieldRef", inVolume: false, faults);
        }

        foreach (string selector in new[] { "configMapKeyRef", "secretKeyRef" })
        {
            if (source.Child(selector) is not { } reference)
            {
                continue;
            }

            faults.All($"{path}.{selector}.name", reference.Text("name"), Names.CheckDns1123Subdomain(reference.Text("name")));
            if (reference.Text("key") is { Length: > 0 } key)
            {
                faults.All($"{path}.{selector}.key", key, Names.CheckConfigKey(key));
            }
            else
            {
                faults.Required($"{path}.{selector}.key");
            }
        }

        int count = Sources.Count(source.Has);
        if (count == 0)
        {
            faults.Invalid(path, "", "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`");
        }
        else if (variable.Text("value").Length > 0)
        {
            faults.Invalid(path, "", "may not be specified when `value` is not empty");
        }
        else if (count > 1)
        {
            faults.Invalid(path, "", "may not have more than one field specified at a time");
        }
    }

    /// <param name="whole">Upstream leaves the number out of the path when it is a matter of the whole entry.</param>
    private static void ValidateFrom(JsonObject from, string whole, int index, Faults faults)
    {
        string path = $"{whole}[{index}]";
        if (from.Text("prefix") is { Length: > 0 } prefix)
        {
            faults.All(path + ".prefix", prefix, Names.CheckEnvironmentName(prefix));
        }

        int count = 0;
        foreach (string reference in new[] { "configMapRef", "secretRef" })
        {
            if (from.Child(reference) is { } source)
            {
                count++;
                if (source.Text("name") is not { Length: > 0 } name)
                {
                    faults.Required($"{path}.{reference}.name");
                }
                else
                {
                    // A trailing dash may stand here: upstream checks the name as if more would follow.
                    faults.All($"{path}.{reference}.name", name, Names.CheckDns1123Subdomain(Names.Completed(name)));
                }
            }
        }

        if (count != 1)
        {
            faults.Invalid(whole, "", count == 0 ? "must specify one of: `configMapRef` or `secretRef`" : "may not have more than one field specified at a time");
        }
    }
}
