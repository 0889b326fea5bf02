using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds;

/// <summary>Rules for volumes that are files out of the cluster's API: configuration maps, secrets, the pod itself, tokens.</summary>
internal static class ProjectedVolumes
{
    private const string ModeFault = "must be a number between 0 and 0777 (octal), both inclusive";
    private const string Conflict = "conflicting duplicate paths";

    public static void ConfigMap(JsonObject source, string path, Faults faults)
    {
        faults.Need(source, path, "name");
        Mode(source, "defaultMode", path, faults);
        Items(source, path, faults);
    }

    public static void Secret(JsonObject source, string path, Faults faults)
    {
        faults.Need(source, path, "secretName");
        Mode(source, "defaultMode", path, faults);
        Items(source, path, faults);
    }

    public static void DownwardApi(JsonObject source, string path, Faults faults)
    {
        Mode(source, "defaultMode", path, faults);
        foreach (JsonObject file in source.Items("items"))
        {
            DownwardFile(file, path, faults);
        }
    }

    public static void Projected(JsonObject source, string path, Faults faults)
    {
        Mode(source, "defaultMode", path, faults);
        var taken = new HashSet<string>(StringComparer.Ordinal);
        int i = 0;
        foreach (JsonObject projection in source.Items("sources"))
        {
            Projection(projection, path, $"{path}.sources[{i++}]", taken, faults);
        }
    }

    private static void Projection(JsonObject projection, string whole, string path, HashSet<string> taken, Faults faults)
    {
        int kinds = 0;
        foreach (string kind in new[] { "secret", "configMap" })
        {
            if (projection.Child(kind) is not { } files)
            {
                continue;
            }

            kinds++;
            faults.Need(files, $"{path}.{kind}", "name");
            int i = 0;
            foreach (JsonObject item in files.Items("items"))
            {
                KeyToPath(item, $"{path}.{kind}.items[{i++}]", faults);
                Take(item.Text("path"), files.Text("name"), whole, taken, faults);
            }
        }

        if (projection.Child("downwardAPI") is { } downward)
        {
            kinds++;
            foreach (JsonObject file in downward.Items("items"))
            {
                DownwardFile(file, path + ".downwardAPI", faults);
                Take(file.Text("path"), file.Text("path"), whole, taken, faults);
            }
        }

        if (projection.Child("serviceAccountToken") is { } token)
        {
            kinds++;
            Token(token, whole, path + ".serviceAccountToken", faults);
        }

        if (projection.Child("clusterTrustBundle") is { } bundle)
        {
            kinds++;
            TrustBundle(bundle, path + ".clusterTrustBundle", faults);
            Take(bundle.Text("path"), bundle.Text("path"), whole, taken, faults);
        }

        if (kinds > 1)
        {
            faults.Forbidden(path, "may not specify more than 1 volume type per source");
        }
    }

    private static void Token(JsonObject token, string whole, string path, Faults faults)
    {
        long seconds = token.Number("expirationSeconds") ?? 0;
        if (seconds < 600)
        {
            faults.Invalid(path + ".expirationSeconds", seconds, "may not specify a duration less than 10 minutes");
        }

        if (seconds > 1L << 32)
        {
            faults.Invalid(path + ".expirationSeconds", seconds, "may not specify a duration larger than 2^32 seconds");
        }

        // Upstream names the whole volume here, not the source.
        if (token.Text("path").Length == 0)
        {
            faults.Required(whole + ".path");
        }
        else
        {
            VolumePaths.NotReserved(token.Text("path"), whole + ".path", faults);
        }
    }

    private static void TrustBundle(JsonObject bundle, string path, Faults faults)
    {
        bool byName = bundle.Has("name"), bySigner = bundle.Has("signerName");
        if (byName && bySigner)
        {
            faults.Invalid(path, bundle, "only one of name and signerName may be used");
        }
        else if (byName)
        {
            if (bundle.Text("name").Length == 0)
            {
                faults.Required(path + ".name", "must be a valid object name");
            }

            if (bundle.Has("labelSelector"))
            {
                faults.Invalid(path + ".labelSelector", bundle["labelSelector"], "labelSelector must be unset if name is specified");
            }
        }
        else if (bySigner)
        {
            if (bundle.Text("signerName").Length == 0)
            {
                faults.Required(path + ".signerName", "must be a valid signer name");
            }

            Selectors.Validate(bundle.Child("labelSelector"), path + ".labelSelector", faults);
        }
        else
        {
            faults.Required(path, "either name or signerName must be specified");
        }

        faults.Need(bundle, path, "path");
        VolumePaths.NotReserved(bundle.Text("path"), path + ".path", faults);
    }

    private static void DownwardFile(JsonObject file, string path, Faults faults)
    {
        faults.Need(file, path, "path");
        VolumePaths.NotReserved(file.Text("path"), path + ".path", faults);
        if (file.Child("fieldRef") is { } field)
        {
            PodReferences.Field(field, path + ".fieldRef", inVolume: true, faults);
            if (file.Has("resourceFieldRef"))
            {
                faults.Invalid(path, "resource", "fieldRef and resourceFieldRef can not be specified simultaneously");
            }
        }
        else if (file.Child("resourceFieldRef") is { } resource)
        {
            PodReferences.Resource(resource, path + ".resourceFieldRef", inVolume: true, faults);
        }
        else
        {
            faults.Required(path, "one of fieldRef and resourceFieldRef is required");
        }

        Mode(file, "mode", path, faults);
    }

    private static void Items(JsonObject source, string path, Faults faults)
    {
        int i = 0;
        foreach (JsonObject item in source.Items("items"))
        {
            KeyToPath(item, $"{path}.items[{i++}]", faults);
        }
    }

    private static void KeyToPath(JsonObject item, string path, Faults faults)
    {
        faults.Need(item, path, "key", "path");
        VolumePaths.NotReserved(item.Text("path"), path + ".path", faults);
        Mode(item, "mode", path, faults);
    }

    private static void Take(string file, string shown, string path, HashSet<string> taken, Faults faults)
    {
        if (file.Length > 0 && !taken.Add(file))
        {
            faults.Invalid(path, shown, Conflict);
        }
    }

    private static void Mode(JsonObject source, string member, string path, Faults faults)
    {
        if (source.Number(member) is { } mode and (< 0 or > 511))
        {
            faults.Invalid($"{path}.{member}", mode, ModeFault);
        }
    }
}
