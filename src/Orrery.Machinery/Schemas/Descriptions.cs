using System.Reflection;

namespace Orrery.Machinery.Schemas;

/// <summary>
/// What is said of built-in types and their fields for people (<c>kubectl explain</c>), in our own words; the most used kinds have any. Read out of the assembly by whoever writes a document
/// and forgotten with it, so that a server that nobody asks holds none.
/// </summary>
internal sealed class Descriptions
{
    /// <summary>Stands for the beginning of any name; alone, for every type.</summary>
    private const char Any = '*';

    private readonly Dictionary<string, string> exact = new(StringComparer.Ordinal);

    /// <summary>Ends of names of types, the longest first.</summary>
    private readonly List<string> suffixes = [];

    private Descriptions()
    {
    }

    /// <summary>Names of what is described: a type, or a type and its field with a blank between. Those that begin with an asterisk are for each type of that end.</summary>
    public IReadOnlyDictionary<string, string> All => exact;

    /// <exception cref="InvalidDataException">The file is not what it should be.</exception>
    public static Descriptions Read()
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("descriptions.tsv") ?? throw new InvalidOperationException("The assembly holds no resource 'descriptions.tsv'.");
        using var reader = new StreamReader(stream);
        var read = new Descriptions();
        string type = "";
        while (reader.ReadLine() is { } line)
        {
            string[] fields = line.Split('\t');
            switch (fields)
            {
                // A type and what it is; nothing where only its fields are told.
                case [{ Length: > 0 } name, var text]:
                    type = name[0] == Any ? name : BuiltinTypes.Stem + name;
                    read.Add(type, text);
                    if (name[0] == Any)
                    {
                        read.suffixes.Add(name[1..]);
                    }

                    break;
                case ["", { Length: > 0 } field, { Length: > 0 } text] when type.Length > 0:
                    read.Add($"{type} {field}", text);
                    break;
                default:
                    throw new InvalidDataException($"descriptions.tsv: '{line}' is neither a type nor a field of one");
            }
        }

        read.suffixes.Sort((a, b) => b.Length.CompareTo(a.Length));
        return read;
    }

    /// <returns>Null where nothing is said.</returns>
    public string? OfType(string type) => Find(type, "");

    /// <inheritdoc cref="OfType"/>
    public string? OfField(string type, string field) => Find(type, " " + field);

    private string? Find(string type, string field) =>
        exact.GetValueOrDefault(type + field)
        ?? suffixes.Where(s => type.EndsWith(s, StringComparison.Ordinal)).Select(s => exact.GetValueOrDefault(Any + s + field)).FirstOrDefault(t => t is not null);

    private void Add(string name, string text)
    {
        if (text.Length > 0 && !exact.TryAdd(name, text))
        {
            throw new InvalidDataException($"descriptions.tsv: '{name}' is there twice");
        }
    }
}
