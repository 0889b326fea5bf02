using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds;

/// <summary>Rules for the spec of a claim, in a PersistentVolumeClaim or in a template of one.</summary>
internal static class ClaimValidation
{
    public static readonly string[] Modes = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];

    public static void Validate(JsonObject spec, string path, Faults faults)
    {
        if (spec.Count("accessModes") == 0)
        {
            faults.Required(path + ".accessModes", "at least 1 access mode is required");
        }

        Selectors.Validate(spec.Child("selector"), path + ".selector", faults);
        ValidateModes(spec, path, faults);
        string storageAt = path + ".resources[storage]";
        if (!ResourceAmounts.Read(spec.Child("resources")?.Child("requests")).TryGetValue("storage", out Quantity storage))
        {
            faults.Required(storageAt);
        }
        else if (storage.Sign <= 0)
        {
            faults.Invalid(storageAt, storage.ToString(), "must be greater than zero");
        }

        ValidateClass(spec, "storageClassName", path, faults);
        if (spec.Has("volumeMode"))
        {
            faults.OneOf(path + ".volumeMode", spec.Text("volumeMode"), "Block", "Filesystem");
        }

        ValidateSource(spec.Child("dataSource"), path + ".dataSource", faults);
        ValidateSource(spec.Child("dataSourceRef"), path + ".dataSourceRef", faults);
        ValidateSources(spec, path, faults);
        ValidateClass(spec, "volumeAttributesClassName", path, faults);
    }

    /// <summary>One pod alone, or any of the other modes.</summary>
    public static void ValidateModes(JsonObject spec, string path, Faults faults)
    {
        string[] modes = [.. spec.Texts("accessModes")];
        foreach (string mode in modes)
        {
            faults.OneOf(path + ".accessModes", mode, Modes);
        }

        if (modes.Contains("ReadWriteOncePod") && modes.Any(m => m != "ReadWriteOncePod" && Modes.Contains(m)))
        {
            faults.Forbidden(path + ".accessModes", "may not use ReadWriteOncePod with other access modes");
        }
    }

    private static void ValidateClass(JsonObject spec, string member, string path, Faults faults)
    {
        if (spec.Text(member) is { Length: > 0 } name)
        {
            faults.All($"{path}.{member}", name, Names.CheckDns1123Subdomain(name));
        }
    }

    private static void ValidateSource(JsonObject? source, string path, Faults faults)
    {
        if (source is null)
        {
            return;
        }

        faults.Need(source, path, "name", "kind");
        string group = source.Text("apiGroup");
        if (group.Length == 0 && source.Text("kind") != "PersistentVolumeClaim")
        {
            faults.Invalid(path, source.Text("kind"), "must be 'PersistentVolumeClaim' when referencing the default apiGroup");
        }

        if (group.Length > 0)
        {
            faults.All(path + ".apiGroup", group, Names.CheckDns1123Subdomain(group));
        }

        if (source.Text("namespace") is { Length: > 0 } ns)
        {
            faults.All(path + ".namespace", ns, Names.CheckDns1123Label(ns));
        }
    }

    private static void ValidateSources(JsonObject spec, string path, Faults faults)
    {
        if (spec.Child("dataSource") is not { } source || spec.Child("dataSourceRef") is not { } reference)
        {
            return;
        }

        if (reference.Text("namespace").Length > 0)
        {
            faults.Invalid(path, path + ".dataSource", "may not be specified when dataSourceRef.namespace is specified");
        }
        else if (new[] { "apiGroup", "kind", "name" }.Any(m => source.Text(m) != reference.Text(m)))
        {
            faults.Invalid(path, path + ".dataSource", "must match dataSourceRef");
        }
    }
}
