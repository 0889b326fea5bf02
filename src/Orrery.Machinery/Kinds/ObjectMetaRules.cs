using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds;

/// <summary>Rules for <c>metadata</c> of any object, custom resources too (apimachinery <c>pkg/api/validation/objectmeta.go</c>).</summary>
public static class ObjectMetaRules
{
    private const int LargestAnnotations = 256 * 1024;
    private const string Path = "metadata";

    /// <summary>Members that only the server sets: dropped from what a client sends for a new object.</summary>
    private static readonly string[] OwnedByServer = ["uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"];

    /// <summary>Members that stay as they are, and their paths.</summary>
    private static readonly (string Member, string Path)[] Kept =
        [.. new[] { "name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds" }.Select(member => (member, $"{Path}.{member}"))];

    /// <summary>Drops what a client may not say of a new object, and gives it a name when it only asks for one.</summary>
    public static void PrepareForCreate(JsonObject o, Random random)
    {
        JsonObject metadata = o.Metadata;
        foreach (string member in OwnedByServer)
        {
            metadata.Remove(member);
        }

        if (o.Name.Length == 0 && metadata.Text("generateName").Length > 0)
        {
            metadata["name"] = Names.Generate(metadata.Text("generateName"), random);
        }
    }

    /// <summary>Carries over what an update cannot change.</summary>
    public static void PrepareForUpdate(JsonObject o, JsonObject old)
    {
        JsonObject metadata = o.Metadata;
        foreach (string member in OwnedByServer)
        {
            metadata.CopyFrom(old.Metadata, member);
        }

        if (metadata.Text("generateName").Length == 0)
        {
            metadata.CopyFrom(old.Metadata, "generateName");
        }
    }

    /// <returns>What is wrong; empty when nothing is.</returns>
    public static IReadOnlyList<FieldError> Validate(JsonObject o, bool isNamespaced, Func<string, IReadOnlyList<string>> checkName)
    {
        var faults = new Faults();
        Validate(o, isNamespaced, checkName, faults);
        return faults.Errors;
    }

    /// <inheritdoc cref="Validate(JsonObject, bool, Func{string, IReadOnlyList{string}})"/>
    public static IReadOnlyList<FieldError> ValidateUpdate(JsonObject o, JsonObject old)
    {
        var faults = new Faults();
        ValidateUpdate(o, old, faults);
        return faults.Errors;
    }

    /// <summary>Of an object within another, which may do without a name as an object of its own could not.</summary>
    /// <returns>What is wrong; empty when nothing is.</returns>
    public static IReadOnlyList<FieldError> ValidateEmbedded(JsonObject o)
    {
        var shell = new JsonObject { ["metadata"] = o.Metadata.DeepClone() };
        if (shell.Name.Length == 0)
        {
            shell.Metadata["name"] = "unnamed";
        }

        return Validate(shell, shell.Namespace.Length > 0, Names.CheckPathSegment);
    }

    internal static void Validate(JsonObject o, bool isNamespaced, Func<string, IReadOnlyList<string>> checkName, Faults faults)
    {
        JsonObject metadata = o.Metadata;
        ValidateGenerateName(metadata, checkName, faults);
        if (o.Name.Length == 0)
        {
            faults.Required(Path + ".name", "name or generateName is required");
        }
        else
        {
            faults.All(Path + ".name", o.Name, checkName(o.Name));
        }

        if (isNamespaced)
        {
            if (o.Namespace.Length == 0)
            {
                faults.Required(Path + ".namespace");
            }
            else
            {
                faults.All(Path + ".namespace", o.Namespace, Names.CheckDns1123Label(o.Namespace));
            }
        }
        else if (o.Namespace.Length > 0)
        {
            faults.Forbidden(Path + ".namespace", "not allowed on this type");
        }

        ValidateCommon(metadata, faults);
        ValidateFinalizers(metadata, faults);
    }

    /// <summary>What an update is asked beside how it differs: a new object is asked the same.</summary>
    internal static void ValidateKept(JsonObject o, Func<string, IReadOnlyList<string>> checkName, Faults faults)
    {
        ValidateGenerateName(o.Metadata, checkName, faults);
        ValidateFinalizers(o.Metadata, faults);
    }

    private static void ValidateGenerateName(JsonObject metadata, Func<string, IReadOnlyList<string>> checkName, Faults faults)
    {
        if (metadata.Text("generateName") is { Length: > 0 } name)
        {
            // A trailing dash is fine in a base to which characters are added.
            faults.All(Path + ".generateName", name, checkName(Names.Completed(name)));
        }
    }

    internal static void ValidateUpdate(JsonObject o, JsonObject old, Faults faults)
    {
        JsonObject metadata = o.Metadata;
        JsonObject before = old.Metadata;
        faults.MayNotBeNegative(Path + ".generation", metadata.Number("generation"));
        if (old.IsDeleting && metadata.Texts("finalizers").Except(before.Texts("finalizers")).ToArray() is { Length: > 0 } added)
        {
            faults.Forbidden(Path + ".finalizers", "no new finalizers can be added if the object is being deleted, found new finalizers " + GoList([.. added.Order(StringComparer.Ordinal)]));
        }

        if (metadata.Number("generation") < before.Number("generation"))
        {
            faults.Invalid(Path + ".generation", metadata["generation"], "must not be decremented");
        }

        foreach ((string member, string path) in Kept)
        {
            faults.MayNotChange(path, metadata[member], before[member]);
        }

        ValidateCommon(metadata, faults);
    }

    /// <summary>A map of labels.</summary>
    internal static void ValidateLabels(JsonObject owner, string member, string path, Faults faults)
    {
        foreach ((string key, string value) in owner.TextPairs(member))
        {
            faults.All(path, key, Names.CheckQualifiedName(key));
            faults.All(path, value, Names.CheckLabelValue(value));
        }
    }

    internal static void ValidateAnnotations(JsonObject metadata, string path, Faults faults)
    {
        long size = 0;
        foreach ((string key, string value) in metadata.TextPairs("annotations"))
        {
            // Prefixes of annotation keys may be in upper case.
            faults.All(path, key, Names.CheckQualifiedName(key.ToLowerInvariant()));
            size += Encoding.UTF8.GetByteCount(key) + Encoding.UTF8.GetByteCount(value);
        }

        if (size > LargestAnnotations)
        {
            faults.Add(FieldError.TooLong(path, LargestAnnotations));
        }
    }

    private static void ValidateCommon(JsonObject metadata, Faults faults)
    {
        ValidateLabels(metadata, "labels", Path + ".labels", faults);
        ValidateAnnotations(metadata, Path + ".annotations", faults);
        ValidateOwners(metadata, faults);
    }

    /// <summary>Built-in kinds alone: a finalizer is a standard one or says whose it is (<c>pkg/apis/core/validation</c>, ValidateObjectMeta and its Update).</summary>
    internal static void ValidateFinalizerOwners(JsonObject o, Faults faults)
    {
        int i = 0;
        foreach (string finalizer in o.Metadata.Texts("finalizers"))
        {
            string at = string.Create(CultureInfo.InvariantCulture, $"{Path}.finalizers[{i++}]");
            ValidateFinalizerOwner(finalizer, at, faults);
        }
    }

    internal static void ValidateFinalizerOwner(string finalizer, string path, Faults faults)
    {
        if (!IsOwned(finalizer))
        {
            faults.Invalid(path, finalizer, "name is neither a standard finalizer name nor is it fully qualified");
        }
    }

    /// <summary>Warnings for new finalizers of a custom resource that do not say whose they are (apiextensions <c>pkg/registry/customresource/strategy.go</c>).</summary>
    /// <param name="before">Those that the object had; empty on create.</param>
    public static IReadOnlyList<string> FinalizerWarnings(JsonObject o, IReadOnlyList<string> before) =>
        [.. Finalizers(o).Except(before).Where(f => !IsOwned(f)).Order(StringComparer.Ordinal)
            .Select(f => $"{Path}.finalizers: {JsonSerializer.Serialize(f)}: prefer a domain-qualified finalizer name {(f.Contains('.', StringComparison.Ordinal) ? "including a path (/) " : "")}to avoid accidental conflicts with other finalizer writers")];

    public static IReadOnlyList<string> Finalizers(JsonObject o) => [.. o.Metadata.Texts("finalizers")];

    private static bool IsOwned(string finalizer) => finalizer.Contains('/', StringComparison.Ordinal) || finalizer is "orphan" or "foregroundDeletion" or "kubernetes";

    private static void ValidateOwners(JsonObject metadata, Faults faults)
    {
        // Upstream leaves the index out of these paths.
        const string At = Path + ".ownerReferences";
        string? controller = null;
        foreach (JsonObject owner in metadata.Items("ownerReferences"))
        {
            GroupVersionKind kind = GroupVersionKind.From(owner.Text("apiVersion"), owner.Text("kind"));
            // What no version can be read from has none, and is in no group either.
            if (kind.Version.Length == 0 || kind.Version.Contains('/', StringComparison.Ordinal))
            {
                faults.Invalid(At + ".apiVersion", owner.Text("apiVersion"), "version must not be empty");
            }

            if (kind.Kind.Length == 0)
            {
                faults.Invalid(At + ".kind", "", "must not be empty");
            }

            foreach (string member in new[] { "name", "uid" })
            {
                if (owner.Text(member).Length == 0)
                {
                    faults.Invalid($"{At}.{member}", "", "must not be empty");
                }
            }

            if (kind is { Group: "", Version: "v1", Kind: "Event" })
            {
                faults.Invalid(At, owner, $"{kind} is disallowed from being an owner");
            }

            if (owner.Flag("controller"))
            {
                string named = $"{kind.Kind}/{owner.Text("name")}";
                if (controller is null)
                {
                    controller = named;
                }
                else
                {
                    faults.Invalid(At, metadata["ownerReferences"], $"Only one reference can have Controller set to true. Found \"true\" in references for {controller} and {named}");
                }
            }
        }
    }

    private static void ValidateFinalizers(JsonObject metadata, Faults faults)
    {
        const string At = Path + ".finalizers";
        bool orphans = false;
        bool waits = false;
        foreach (string finalizer in metadata.Texts("finalizers"))
        {
            faults.All(At, finalizer, Names.CheckQualifiedName(finalizer));
            orphans |= finalizer == "orphan";
            waits |= finalizer == "foregroundDeletion";
        }

        if (orphans && waits)
        {
            faults.Invalid(At, metadata["finalizers"], "finalizer orphan and foregroundDeletion cannot be both set");
        }
    }

    /// <summary>Go's <c>%#v</c> of a list of strings.</summary>
    private static string GoList(string[] texts) => $"[]string{{{string.Join(", ", texts.Select(t => JsonSerializer.Serialize(t)))}}}";
}
