using System.Numerics;

namespace Orrery.Helm.Go;

// One operand by its kind: maps, slices, structs, and what no verb fits.
internal sealed partial class GoPrinter
{
    private void Bad(object? value, int verb)
    {
        b.Append("%!").Append(Utf8.FromRune(verb)).Append('(');
        if (value is null)
        {
            b.Append("<nil>");
        }
        else
        {
            b.Append(GoTypes.TypeOf(value)).Append('=');
            (bool p, bool m, bool s, bool sp, bool z, bool pv, bool sv, int? w, int? pr) = (plus, minus, sharp, space, zero, plusV, sharpV, width, precision);
            Clear();
            (plusV, sharpV) = (pv, sv);
            (plus, minus, sharp, space, zero, width, precision) = (p, m, s, sp, z, w, pr);
            Argument(value, 'v');
        }

        b.Append(')');
    }

    private void Argument(object? value, int verb)
    {
        Templates.RenderBudget.Visit(b.Length);
        if (value is null)
        {
            if (verb is 'T' or 'v')
            {
                Pad("<nil>");
            }
            else
            {
                Bad(null, verb);
            }

            return;
        }

        switch (verb)
        {
            case 'T':
                String(GoTypes.TypeOf(value), 's');
                return;
            case 'p':
            case 'w' when value is GoMap or GoSlice or GoObject:
                Bad(value, verb);
                return;
        }

        switch (value)
        {
            case bool flag:
                if (verb is 't' or 'v')
                {
                    Pad(flag ? "true" : "false");
                }
                else
                {
                    Bad(value, verb);
                }

                return;
            case double d:
                Float(d, 64, verb, value);
                return;
            case Complex c:
                ComplexNumber(c, verb);
                return;
            case string s:
                if (verb == 'v' && sharpV || verb is 'v' or 's' or 'x' or 'X' or 'q')
                {
                    String(s, verb);
                }
                else
                {
                    Bad(value, verb);
                }

                return;
            case GoObject { Text: { } text } when !sharpV && verb is 'v' or 's' or 'x' or 'X' or 'q':
                String(text, verb);
                return;
            case GoMap map:
                Map(map, verb);
                return;
            case GoSlice list:
                Slice(list, verb);
                return;
            case GoObject o when o.Kind is "struct" or "ptr":
                Struct(o, verb);
                return;
        }

        Integer(GoTypes.Integer(value)!.Value, value is byte or uint or ulong, verb, value);
    }

    private void Map(GoMap map, int verb)
    {
        b.Append(sharpV ? map.Type + (map.IsNil ? "(nil)" : "{") : "map[");
        if (sharpV && map.IsNil)
        {
            return;
        }

        bool first = true;
        foreach ((string key, object? value) in map.Sorted)
        {
            b.Append(first ? "" : sharpV ? ", " : " ");
            first = false;
            Argument(key, verb);
            b.Append(':');
            Element(value, map.Element, verb);
        }

        b.Append(sharpV ? '}' : ']');
    }

    /// <summary>A nil inside a container prints the same for every verb, and is not padded.</summary>
    private void Element(object? value, string type, int verb)
    {
        if (value is null && type == "interface {}")
        {
            b.Append(sharpV ? "interface {}(nil)" : "<nil>");
            return;
        }

        Argument(value, verb);
    }

    private void Slice(GoSlice list, int verb)
    {
        if (list.Type == "[]uint8")
        {
            Bytes(list, verb);
            return;
        }

        if (sharpV)
        {
            b.Append(list.Type);
            if (list.IsNil)
            {
                b.Append("(nil)");
                return;
            }
        }

        b.Append(sharpV ? '{' : '[');
        for (int i = 0; i < list.Count; i++)
        {
            b.Append(i == 0 ? "" : sharpV ? ", " : " ");
            Element(list.Items[i], list.Element, verb);
        }

        b.Append(sharpV ? '}' : ']');
    }

    private void Bytes(GoSlice list, int verb)
    {
        if (verb is 's' or 'x' or 'X' or 'q')
        {
            String(string.Concat(list.Items.Select(i => (char)(byte)i!)), verb);
            return;
        }

        b.Append(sharpV ? "[]byte{" : "[");
        for (int i = 0; i < list.Count; i++)
        {
            b.Append(i == 0 ? "" : sharpV ? ", " : " ");
            Argument(list.Items[i], verb);
        }

        b.Append(sharpV ? '}' : ']');
    }

    private void Struct(GoObject o, int verb)
    {
        bool pointer = o.Kind == "ptr";
        b.Append(pointer ? "&" : "").Append(sharpV ? o.Type.TrimStart('*') : "").Append('{');
        bool first = true;
        foreach ((string name, object? value) in o.Fields)
        {
            b.Append(first ? "" : sharpV ? ", " : " ");
            first = false;
            b.Append(plusV || sharpV ? name + ":" : "");
            Argument(value, verb);
        }

        b.Append('}');
    }
}
