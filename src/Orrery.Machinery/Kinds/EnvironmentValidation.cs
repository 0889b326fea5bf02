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
            ValidateFrom(from, $"{path}.envFrom[{i++}]", faults);
        }
    }

    private static void ValidateSource(JsonObject variable, JsonObject source, string path, Faults faults)
    {
        foreach (string selector in new[] { "configMapKeyRef", "secretKeyRef" })
        {
            if (source.Child(selector) is not { } reference)
            {
                continue;
            }

            if (reference.Text("name").Length == 0)
            {
                faults.Required($"{path}.{selector}.name");
            }

            if (reference.Text("key") is { Length: > 0 } key)
            {
                faults.All($"{path}.{selector}.key", key, Names.CheckConfigKey(key));
            }
            else
            {
                faults.Required($"{path}.{selector}.key");
            }
        }

        if (source.Child("fieldRef") is { } field && field.Text("fieldPath").Length == 0)
        {
            faults.Required(path + ".fieldRef.fieldPath");
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

    private static void ValidateFrom(JsonObject from, string path, Faults faults)
    {
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
                if (source.Text("name").Length == 0)
                {
                    faults.Required($"{path}.{reference}.name");
                }
            }
        }

        if (count != 1)
        {
            faults.Invalid(path, "", count == 0 ? "must specify one of: `configMapRef` or `secretRef`" : "may not have more than one field specified at a time");
        }
    }
}
