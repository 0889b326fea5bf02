using System.Globalization;
using Orrery.Helm.Go;
using Orrery.Helm.Yaml;

namespace Orrery.Helm.Charts;

/// <summary>Cuts rendered files into documents and tells hooks from plain manifests.</summary>
internal static class ManifestSplitter
{
    private const string HookAnnotation = "helm.sh/hook";

    private static readonly Dictionary<string, string> Events = new(StringComparer.Ordinal)
    {
        ["pre-install"] = "pre-install",
        ["post-install"] = "post-install",
        ["pre-delete"] = "pre-delete",
        ["post-delete"] = "post-delete",
        ["pre-upgrade"] = "pre-upgrade",
        ["post-upgrade"] = "post-upgrade",
        ["pre-rollback"] = "pre-rollback",
        ["post-rollback"] = "post-rollback",
        ["test"] = "test",
        ["test-success"] = "test",
    };

    /// <summary>The documents of all files in the order of their paths; hooks on unknown events are dropped.</summary>
    /// <exception cref="ChartException">Of phase manifests: a document is no YAML or not the head of an object.</exception>
    public static List<Manifest> Split(IEnumerable<KeyValuePair<string, string>> files)
    {
        var all = new List<Manifest>();
        foreach ((string path, string content) in files.OrderBy(f => f.Key, StringComparer.Ordinal))
        {
            if (path[(path.LastIndexOf('/') + 1)..].StartsWith('_'))
            {
                continue;
            }

            foreach (string document in Documents(content))
            {
                if (Read(path, document) is { } manifest)
                {
                    all.Add(manifest);
                }
            }
        }

        return all;
    }

    private static bool IsSpace(char c) => c is ' ' or (>= '\t' and <= '\r');

    private static string Trim(string s) => s.Trim(' ', '\t', '\n', '\v', '\f', '\r');

    /// <summary>What stands between separators: three dashes at the start of a line, with the space around them.</summary>
    internal static IEnumerable<string> Documents(string content)
    {
        string text = Trim(content);
        int start = 0;
        int at = 0;
        while (at <= text.Length)
        {
            int dashes = text.IndexOf("---", at, StringComparison.Ordinal);
            if (dashes < 0)
            {
                break;
            }

            bool atLineStart = dashes == 0 || (dashes > start && text[dashes - 1] == '\n');
            if (!atLineStart)
            {
                // Dashes within a line; "----" may hold a separator one further on only at a line's start.
                at = dashes + 1;
                continue;
            }

            string document = Trim(text[start..dashes]);
            if (text[start..dashes].TrimEnd(' ', '\t', '\n', '\v', '\f', '\r').Length > 0)
            {
                yield return document;
            }

            start = dashes + 3;
            while (start < text.Length && IsSpace(text[start]))
            {
                start++;
            }

            at = start;
        }

        if (start < text.Length)
        {
            yield return Trim(text[start..]);
        }
    }

    private static Manifest? Read(string path, string document)
    {
        try
        {
            (string kind, string name, IReadOnlyDictionary<string, string>? annotations) = Head(document);
            Hook? hook = null;
            if (annotations is not null && annotations.TryGetValue(HookAnnotation, out string? events))
            {
                hook = ReadHook(events, annotations);
                if (hook is null)
                {
                    return null;
                }
            }

            return new Manifest(Utf8.ToText(path), document, Utf8.ToText(kind), Utf8.ToText(name), hook);
        }
        catch (GoException e)
        {
            throw new ChartException("manifests", $"YAML parse error on {path}: {e.Message}");
        }
    }

    private static (string Kind, string Name, IReadOnlyDictionary<string, string>? Annotations) Head(string document)
    {
        object? root = YamlReader.ReadTyped(document);
        if (root is null)
        {
            return ("", "", null);
        }

        var head = new TypedFields(root as GoMap ?? throw YamlReader.Mismatch(root, "value of type releaseutil.SimpleHead"), "SimpleHead");
        head.Text("apiVersion");
        string kind = head.Text("kind");
        GoMap? metadata = head.Struct("metadata", "struct { Name string \"json:\\\"name\\\"\"; Annotations map[string]string \"json:\\\"annotations\\\"\" }");
        if (metadata is null)
        {
            return (kind, "", null);
        }

        var inner = new TypedFields(metadata, "", "metadata.");
        IReadOnlyDictionary<string, string>? annotations = inner.TextMap("annotations");
        return (kind, inner.Text("name"), annotations);
    }

    private static Hook? ReadHook(string events, IReadOnlyDictionary<string, string> annotations)
    {
        IEnumerable<string> List(string annotation) =>
            annotations.TryGetValue(annotation, out string? text) ? text.Split(',').Select(p => Trim(p).ToLowerInvariant()) : [];
        string?[] known = [.. events.Split(',').Select(e => Events.GetValueOrDefault(Trim(e).ToLowerInvariant()))];
        if (known.Contains(null))
        {
            return null;
        }

        _ = int.TryParse(annotations.GetValueOrDefault("helm.sh/hook-weight"), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int weight);
        return new Hook([.. known.Select(k => k!)], weight, [.. List("helm.sh/hook-delete-policy")], [.. List("helm.sh/hook-output-log-policy")]);
    }
}
