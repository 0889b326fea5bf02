using System.Numerics;
using Orrery.Helm.Go;

namespace Orrery.Helm.Yaml;

/// <summary>A node as Go's %#v prints what go-yaml makes of it; faults about keys show it.</summary>
internal static class YamlShown
{
    public static string Of(YamlNode node, bool inside)
    {
        node = node.Target ?? node;
        switch (node.Kind)
        {
            case YamlNodeKind.Sequence:
                return "[]interface {}{" + string.Join(", ", node.Children.Select(c => Of(c, true))) + "}";
            case YamlNodeKind.Mapping:
                IEnumerable<string> pairs = node.Children.Chunk(2).Select(p => Of(p[0], true) + ":" + Of(p[1], true));
                return "map[interface {}]interface {}{" + string.Join(", ", pairs.Order(StringComparer.Ordinal)) + "}";
        }

        return YamlReader.Resolved(node) switch
        {
            null => inside ? "interface {}(nil)" : "<nil>",
            BigInteger i => i.ToString(System.Globalization.CultureInfo.InvariantCulture),
            var value => GoFormat.Sprintf("%#v", value),
        };
    }
}
