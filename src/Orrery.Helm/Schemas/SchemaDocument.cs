using System.Collections.Concurrent;
using Orrery.Helm.Go;

namespace Orrery.Helm.Schemas;

/// <summary>A schema document: its draft, and where its references lead. Nothing is fetched from anywhere.</summary>
internal sealed class SchemaDocument
{
    private const string Latest = "https://json-schema.org/draft/2020-12/schema";

    private static readonly ConcurrentDictionary<string, SchemaDocument?> Known = new(StringComparer.Ordinal);

    private readonly Dictionary<string, object?> byAddress = new(StringComparer.Ordinal);

    public SchemaDocument(string url, object? root)
    {
        (Url, Root) = (url, root);
        DraftUrl = ((root as GoMap)?["$schema"] as string)?.TrimEnd('#') ?? Latest;
        Draft = DraftUrl switch
        {
            "http://json-schema.org/draft-04/schema" or "https://json-schema.org/draft-04/schema" => 4,
            "http://json-schema.org/draft-06/schema" or "https://json-schema.org/draft-06/schema" => 6,
            "http://json-schema.org/draft-07/schema" or "https://json-schema.org/draft-07/schema" => 7,
            "https://json-schema.org/draft/2019-09/schema" or "http://json-schema.org/draft/2019-09/schema" => 2019,
            _ => 2020,
        };
        Index(root, url);
    }

    public string Url { get; }

    public object? Root { get; }

    /// <summary>The address of its metaschema.</summary>
    public string DraftUrl { get; }

    /// <summary>4, 6, 7, 2019 or 2020.</summary>
    public int Draft { get; }

    /// <summary>One of the metaschemas that come with the program; null for any other address.</summary>
    public static SchemaDocument? Meta(string url) => Known.GetOrAdd(url, u =>
    {
        string name = u.Replace("https://", "", StringComparison.Ordinal).Replace("http://", "", StringComparison.Ordinal).Replace("json-schema.org/", "", StringComparison.Ordinal).Replace('/', '.');
        using Stream? stream = typeof(SchemaDocument).Assembly.GetManifestResourceStream($"Orrery.Helm.Schemas.Meta.{name}.json");
        if (stream is null)
        {
            return null;
        }

        using var reader = new StreamReader(stream);
        return new SchemaDocument(u, GoJson.Read(reader.ReadToEnd()));
    });

    /// <summary>Notes every schema that can be addressed by an $id or an anchor of its own.</summary>
    private void Index(object? schema, string address)
    {
        switch (schema)
        {
            case GoMap map:
                if (map[Draft == 4 ? "id" : "$id"] is string id && id.Length > 0 && !(Draft < 2019 && map.Contains("$ref")))
                {
                    if (id.StartsWith('#'))
                    {
                        byAddress.TryAdd(address + id, schema);
                    }
                    else
                    {
                        address = Absolute(address, id).TrimEnd('#');
                        byAddress.TryAdd(address, schema);
                    }
                }

                foreach (string anchor in new[] { "$anchor", "$dynamicAnchor" }.Select(k => map[k]).OfType<string>())
                {
                    byAddress.TryAdd($"{address}#{anchor}", schema);
                    byAddress.TryAdd($"{Url}#{anchor}", schema);
                }

                foreach ((string key, object? inner) in map.Items)
                {
                    if (key is not ("enum" or "const"))
                    {
                        Index(inner, address);
                    }
                }

                break;
            case GoSlice list:
                foreach (object? inner in list.Items)
                {
                    Index(inner, address);
                }

                break;
        }
    }

    private static string Absolute(string address, string reference) =>
        Uri.TryCreate(reference, UriKind.Absolute, out _) ? reference : Uri.TryCreate(new Uri(address), reference, out Uri? absolute) ? absolute.ToString() : reference;

    /// <summary>The schema that a reference names, and the document in which it stands.</summary>
    /// <exception cref="GoException">It leads nowhere, or out of what is at hand.</exception>
    public (SchemaDocument Document, object? Schema) Resolve(string reference)
    {
        int hash = reference.IndexOf('#', StringComparison.Ordinal);
        string address = hash < 0 ? reference : reference[..hash];
        string fragment = hash < 0 ? "" : Uri.UnescapeDataString(reference[(hash + 1)..]);
        SchemaDocument document = this;
        object? at = Root;
        if (address.Length > 0)
        {
            string absolute = Absolute(Base, address);
            if (!byAddress.TryGetValue(absolute, out at))
            {
                document = Meta(absolute) ?? throw new GoException($"failing loading {GoQuote.Quote(absolute)}: nothing is loaded from outside a chart");
                at = document.Root;
            }
        }

        if (fragment.Length > 0 && !fragment.StartsWith('/'))
        {
            return document.byAddress.TryGetValue($"{document.Url}#{fragment}", out object? anchored) || document.byAddress.TryGetValue($"{Base}#{fragment}", out anchored)
                ? (document, anchored)
                : throw new GoException($"{GoQuote.Quote(Url + reference)} not found");
        }

        foreach (string part in fragment.Split('/').Skip(1).Select(p => p.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal)))
        {
            at = at switch
            {
                GoMap map when map.TryGet(part, out object? next) => next,
                GoSlice list when int.TryParse(part, out int i) && i >= 0 && i < list.Count => list.Items[i],
                _ => throw new GoException($"{GoQuote.Quote($"{document.Url}#{fragment}")} not found"),
            };
        }

        return (document, at);
    }

    /// <summary>The schema a dynamic reference means in this document; null when it has no such anchor.</summary>
    public object? DynamicAnchor(string name) => byAddress.TryGetValue($"{Url}#{name}", out object? found) && (found as GoMap)?["$dynamicAnchor"] as string == name ? found : null;

    private string Base => (Root as GoMap)?[Draft == 4 ? "id" : "$id"] is string id && Uri.TryCreate(id, UriKind.Absolute, out _) ? id.TrimEnd('#') : Url;
}
